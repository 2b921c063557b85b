"""This room's part of what a customer may take along. No digests, no secrets; staff stay unnamed."""

from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession

from accounts.models import ApiKey, User
from accounts.wallet.models import Debt, Entry

AT_ONCE = 1000
KEPT_BACK = frozenset({"password", "low_balance_told_entry", "is_staff", "is_superuser"})
Rows = Iterator[dict[str, Any]]


def profile(user_id: str) -> dict[str, Any]:
    fields = [field.name for field in User._meta.concrete_fields if field.name not in KEPT_BACK]
    return dict(User.objects.values(*fields, "wallet__balance_cents").get(pk=user_id))


def email_addresses(user_id: str) -> Rows:
    yield from EmailAddress.objects.filter(user_id=user_id).values("email", "verified", "primary")


def second_factors(user_id: str) -> Rows:
    for each in Authenticator.objects.filter(user_id=user_id):
        yield {"type": each.type, "name": str(each), "created_at": each.created_at, "last_used_at": each.last_used_at}


def sessions(user_id: str) -> Rows:
    yield from UserSession.objects.filter(user_id=user_id).values("created_at", "last_seen_at", "ip", "user_agent")


def api_keys(user_id: str) -> Rows:
    names = [field.name for field in ApiKey._meta.concrete_fields]
    fields = [name for name in names if name != "user" and "digest" not in name]
    yield from ApiKey.objects.filter(user_id=user_id).order_by("pk").values(*fields)


def entries(user_id: str) -> Rows:
    """Oldest first. US cents."""
    told = ("id", "created_at", "kind", "amount_cents", "balance_after", "reason")
    for each in Entry.objects.filter(wallet_id=user_id).order_by("pk").iterator(AT_ONCE):
        yield {name: getattr(each, name) for name in told} | {"reference": each.owners_reference}


def debts(user_id: str) -> Rows:
    told = ("created_at", "reference", "amount_cents", "repaid_cents")
    yield from Debt.objects.filter(wallet_id=user_id).order_by("pk").values(*told)
