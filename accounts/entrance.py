"""allauth's forms around the password, in our words."""

from typing import Any

from allauth.account import forms as allauth
from django.utils.translation import gettext_lazy as _

LABELS = {
    "login": _("Email"),
    "email": _("Email"),
    "password": _("Password"),
    "remember": _("Keep me signed in on this device"),
}
NEW_PASSWORD_LABELS = {
    "oldpassword": _("Current password"),
    "password1": _("New password"),
    "password2": _("New password, once more"),
}


class OurWords:
    """Labels of ours, and no placeholders: they are gone when they are needed."""

    labels: dict[str, Any] = LABELS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():  # type: ignore[attr-defined]
            field.label = self.labels.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)


class LoginForm(OurWords, allauth.LoginForm):  # type: ignore[misc]
    pass


class SignupForm(OurWords, allauth.SignupForm):  # type: ignore[misc]
    labels = LABELS | {"password1": _("Password")}


class ChangeEmailForm(OurWords, allauth.AddEmailForm):  # type: ignore[misc]
    labels = {"email": _("New email address")}


class ChangePasswordForm(OurWords, allauth.ChangePasswordForm):  # type: ignore[misc]
    labels = NEW_PASSWORD_LABELS


class SetPasswordForm(OurWords, allauth.SetPasswordForm):  # type: ignore[misc]
    labels = NEW_PASSWORD_LABELS


class ResetPasswordForm(OurWords, allauth.ResetPasswordForm):  # type: ignore[misc]
    pass


class ResetPasswordKeyForm(OurWords, allauth.ResetPasswordKeyForm):  # type: ignore[misc]
    labels = NEW_PASSWORD_LABELS


class ReauthenticateForm(OurWords, allauth.ReauthenticateForm):  # type: ignore[misc]
    pass
