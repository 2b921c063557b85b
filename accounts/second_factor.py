"""allauth's second factors, in our words: codes of an app, passkeys, recovery codes."""

from typing import Any

import structlog
from allauth.mfa import app_settings
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base import forms as codes
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.core.cache import cache
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import mail
from accounts.models import User
from accounts.sessions import end_sessions

NAME_LENGTH = 60
log = structlog.get_logger(__name__)


def switch_off(user: User) -> bool:
    """By ops, for who has lost it: passkeys, app and codes open nothing more, and all sessions end. Its owner is told.

    False where there was none.
    """
    removed, _of = Authenticator.objects.filter(user=user).delete()
    if not removed:
        return False
    end_sessions(user.pk)
    try:
        mail.send(user, "second_factor_off")
    except OSError as trouble:
        log.error("mail_not_sent", template="second_factor_off", error=type(trouble).__name__)
    return True


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("That did not match. Take the newest code; each works once."),
        "unverified_email": _("Confirm your email address first; then a second factor can be added."),
    }

    def _get_site_name(self) -> str:
        """What a device shows beside the passkey."""
        return "jiema"

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        there = Authenticator.objects.filter(user=user, type=type).count()
        return gettext("Passkey %(number)d") % {"number": there + 1}


def _as_code(field: forms.Field, label: Any, help_text: Any) -> None:
    field.label, field.help_text = label, help_text
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs |= {"inputmode": "numeric", "autocapitalize": "none", "spellcheck": "false"}


class _AnyCode:
    """Six digits of the app, or eight of a recovery code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hint = _("The six digits that your app shows, or one of your recovery codes.")
        _as_code(self.fields["code"], _("Code"), hint)  # type: ignore[attr-defined]

    def clean_code(self) -> str:
        """A code is used up for as long as it would be taken; allauth remembers it for one period only."""
        code: str = super().clean_code()  # type: ignore[misc]
        used = self.authenticator.wrap()  # type: ignore[attr-defined]
        if isinstance(used, TOTP):
            steps = 1 + 2 * app_settings.TOTP_TOLERANCE
            cache.touch(used._get_used_cache_key(code), steps * app_settings.TOTP_PERIOD)
        return code


class CodeForm(_AnyCode, codes.AuthenticateForm):  # type: ignore[misc]
    pass


class CodeAgainForm(_AnyCode, codes.ReauthenticateForm):  # type: ignore[misc]
    pass


class FirstCodeForm(totp.ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _as_code(self.fields["code"], _("Code from the app"), _("Six digits. A new code comes every 30 seconds."))


def _passkey_name() -> forms.CharField:
    return forms.CharField(
        label=_("Name"),
        required=False,
        max_length=NAME_LENGTH,
        help_text=_("To tell it from others, such as “Phone” or “Work laptop”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class PasskeyForm(webauthn.AddWebAuthnForm):  # type: ignore[misc]
    """Each is one to sign in with, kept on the device and opened by its lock."""

    name = _passkey_name()
    passwordless = forms.BooleanField(initial=True, widget=forms.HiddenInput)


class PasskeyNameForm(webauthn.EditWebAuthnForm):  # type: ignore[misc]
    name = _passkey_name()

    def clean_name(self) -> str:
        return str(self.cleaned_data["name"]) or str(self.instance.wrap().name)
