"""Batches for the tests, and what a redemption left behind."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.vouchers import services
from accounts.vouchers.models import Voucher, VoucherBatch
from accounts.wallet.models import Entry, Wallet


def make(size: int = 1, cents: int = 500, **fields: Any) -> list[str]:
    """Codes of a batch named spring."""
    batch = VoucherBatch(**{"name": "spring", "made_by": "tests"} | fields, size=size, value_cents=cents)
    return services.make_batch(batch)


def customers(count: int) -> list[User]:
    """Without money and without a password, so that they are made fast."""
    return [User.objects.create_user(f"user{number}@example.com") for number in range(count)]


def expire() -> None:
    VoucherBatch.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def balance(user: User) -> int:
    return Wallet.objects.get(user=user).balance_cents


def credits() -> list[tuple[str, int]]:
    """Wallet and US cents of each credited voucher, the oldest first."""
    return list(Entry.objects.filter(kind="voucher").order_by("pk").values_list("wallet_id", "amount_cents"))


def nothing_moved() -> bool:
    return not credits() and not Voucher.objects.filter(redeemed_by__isnull=False).exists()
