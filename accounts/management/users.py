from django.core.management.base import CommandError

from accounts.models import User


def user_by(email: str) -> User:
    """The account with this address, in any case. Raises CommandError."""
    user = User.objects.filter(email__iexact=email.strip()).first()
    if user is None:
        raise CommandError(f"There is no account with the e-mail address {email}.")
    return user
