from allauth.account.models import EmailAddress

from accounts.models import User


def confirm_email(user: User) -> None:
    """Take the account's address as verified: whoever runs the shop vouches for it."""
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
