from dataclasses import dataclass

import pytest

from accounts.models import User
from accounts.referrals.models import Earning, Invitation, ReferralTerms, Via
from accounts.referrals.services import invite
from accounts.wallet.models import Entry, Wallet
from orders.services.syncing import end_due_orders
from tests.conftest import Shopper, expire


@pytest.fixture(autouse=True)
def terms(db: None) -> ReferralTerms:
    """The usual ones."""
    return ReferralTerms.objects.create()


def balance(user: User) -> int:
    return Wallet.objects.get(user=user).balance_cents


def entries(user: User) -> list[tuple[str, int]]:
    """Those about shares, the oldest first."""
    found = Entry.objects.filter(wallet_id=user.pk, kind__in=["referral", "referral_back"]).order_by("pk")
    return [(entry.kind, entry.amount_cents) for entry in found]


def received(shopper: Shopper) -> str:
    """The id of an order whose code has come, and whose time is over: the next look completes it."""
    order_id: str = shopper.buy()["id"]
    shopper.deliver(order_id, f"code {order_id}")
    shopper.order(order_id)
    expire(order_id, 61)
    return order_id


def completed(shopper: Shopper) -> str:
    """The id of an order of 39 cents that has just completed."""
    order_id = received(shopper)
    assert end_due_orders() == 1
    return order_id


@dataclass
class Pair:
    """Bob, who has nothing, invited Alice, who buys."""

    shopper: Shopper
    inviter: User
    invitation: Invitation

    @property
    def buyer(self) -> User:
        return self.shopper.user

    def earning(self, order_id: str) -> Earning:
        return Earning.objects.get(order_id=order_id)


@pytest.fixture
def pair(shopper: Shopper, bob: User) -> Pair:
    return Pair(shopper, bob, invite(shopper.user, bob.referral_code, Via.CODE))
