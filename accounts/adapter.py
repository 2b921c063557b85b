from contextlib import suppress
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from accounts.referrals.services import invite
from accounts.wallet import services as wallet
from jiema.api.errors import DomainError


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """What sign-up in the browser does beyond allauth: every account has its wallet, and may have an inviter."""

    @transaction.atomic
    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        saved: User = super().save_user(request, user, form, commit)
        if commit:
            wallet.open_wallet(saved.pk)
            _remember_inviter(saved, form)
        return saved


def _remember_inviter(user: User, form: Any) -> None:
    """The form has refused what the customer can correct; a code that is nobody's by now keeps nobody out."""
    if code := form.cleaned_data["invitation_code"]:
        with suppress(DomainError):
            invite(user, code, form.via)
