from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from accounts.wallet import services as wallet


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """What sign-up in the browser does beyond allauth: every account has its wallet."""

    @transaction.atomic
    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        saved: User = super().save_user(request, user, form, commit)
        if commit:
            wallet.open_wallet(saved.pk)
        return saved
