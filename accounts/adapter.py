from contextlib import suppress
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlencode

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.utils import get_next_redirect_url
from allauth.core import context as current
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.mail import HEADERS
from accounts.models import User
from accounts.referrals.services import invite
from accounts.wallet import services as wallet
from accounts.zones import zone_or_none
from jiema.api.addresses import client_address, plain_address
from jiema.api.errors import DomainError
from jiema.languages import api_code, django_code

NOWHERE = "0.0.0.0"  # noqa: S104 - an address that nobody has, for callers whose own is unknown
ZONE_COOKIE = "tz"
WAYS = {
    "reauthenticate": _("By your password"),
    "mfa_reauthenticate": _("By a code of your app, or a recovery code"),
    "mfa_reauthenticate:webauthn": _("By a passkey"),
}
log = structlog.get_logger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """What the account's pages do beyond allauth."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is closed or suspended."),
        "duplicate_email": _("This is your address already."),
        "email_password_mismatch": _("Email and password do not belong together."),
        "enter_current_password": _("That is not your current password."),
        "incorrect_code": _("That did not match. Take the newest code; each works once."),
        "incorrect_password": _("That is not your password."),
        "invalid_password_reset": _("This link is over or was used before."),
        "rate_limited": _("That was too often. Wait a few minutes, then try again."),
        "too_many_login_attempts": _("That was too often. Wait a few minutes, then try again."),
        "unverified_primary_email": _("Confirm the address first."),
    }

    @transaction.atomic
    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Every account has its wallet, and may have an inviter. It starts in the visitor's language and time zone."""
        user.lang = api_code(translation.get_language() or "en")
        user.time_zone = zone_or_none(request.COOKIES.get(ZONE_COOKIE, "")) or ""
        user.accepted_terms_at = timezone.now()
        saved: User = super().save_user(request, user, form, commit)
        if commit:
            wallet.open_wallet(saved.pk)
            _remember_inviter(saved, form)
        return saved

    def get_client_ip(self, request: HttpRequest) -> str:
        """What allauth's limits count by: no header that a client can set changes it."""
        try:
            return str(plain_address(client_address(request)))
        except ValueError:
            return NOWHERE

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        return [way | {"description": WAYS[way["id"]]} for way in super().get_reauthentication_methods(user)]

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """The link leads back to where the sign-up began, in another browser, too."""
        path = reverse("account_confirm_email", args=[emailconfirmation.key])
        wanted = get_next_redirect_url(request)
        return f"{settings.SITE_URL}{path}" + (f"?{urlencode({'next': wanted})}" if wanted else "")

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        """Nor is an address taken from an account that signed up with it and never confirmed it."""
        others = User.objects.exclude(pk=email_address.user_id)
        if others.filter(email__iexact=email_address.email).exists():
            told = "account/messages/email_confirmation_failed.txt"
            self.add_message(request, messages.ERROR, told, {"email": email_address.email})
            return False
        return bool(super().confirm_email(request, email_address))

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return f"{settings.SITE_URL}{path.replace('UID-KEY', key)}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the account's language. Where the mail server is away the page says so, instead of failing."""
        reader = context.get("user")
        language = django_code(reader.lang) if reader else translation.get_language()
        shown = {"site": settings.SITE_URL, "email": email, **context}
        with translation.override(language):
            message = self.render_mail(template_prefix, email, shown, headers=HEADERS)
        try:
            message.send()
        except (OSError, SMTPException) as trouble:
            log.error("mail_not_sent", template=template_prefix, error=type(trouble).__name__)
            text = gettext("The mail could not be sent just now. Please try again in a few minutes.")
            self.add_message(current.request, messages.ERROR, message=text)

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        super().send_notification_mail(template_prefix, user, {"user": user, **(context or {})}, email)


def _remember_inviter(user: User, form: Any) -> None:
    """The form has refused what the customer can correct; a code that is nobody's by now keeps nobody out."""
    if code := form.cleaned_data["invitation_code"]:
        with suppress(DomainError):
            invite(user, code, form.via)
