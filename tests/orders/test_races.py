from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from unittest.mock import patch

import pytest
from django.db import connection, transaction

from accounts.wallet import services as wallet
from accounts.wallet.errors import Insufficient
from accounts.wallet.models import Entry, Kind, Wallet
from catalog.models import Provider
from orders.models import Order
from orders.services.buying import buy_number
from tests.conftest import Shopper, unguard


def buy_at_once(user_id: str, buyers: int) -> int:
    """How many of the buyers, each in a thread of its own, got an order."""
    start = Barrier(buyers)

    def buy(_: int) -> bool:
        start.wait()
        try:
            buy_number(user_id, "tg", "7")
        except Insufficient:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(buyers) as threads:
        return sum(threads.map(buy, range(buyers)))


def leave(user_id: str, cents: int) -> None:
    balance = Wallet.objects.get(user=user_id).balance_cents
    wallet.adjust(user_id, cents - balance, "leave", reason="setup", actor="tests")


@pytest.mark.django_db(transaction=True)
def test_fifty_buyers_with_money_for_ten_get_exactly_ten_orders(shopper: Shopper, provider: Provider) -> None:
    leave(shopper.user.pk, 390)
    assert buy_at_once(shopper.user.pk, 50) == 10
    assert (Order.objects.count(), shopper.balance()) == (10, 0)
    assert shopper.sandbox.log.counts()["getNumberV2"] == 10


@pytest.mark.django_db(transaction=True)
def test_without_the_conditional_debit_the_same_money_is_spent_twice(shopper: Shopper) -> None:
    """The control, without the database's guard too: it shows that the race above exists."""
    leave(shopper.user.pk, 39)
    both_have_read = Barrier(2)

    def charge(user_id: str, amount_cents: int, order_id: str) -> None:
        seen = Wallet.objects.get(user=user_id).balance_cents
        both_have_read.wait()
        if seen < amount_cents:
            raise Insufficient
        Wallet.objects.filter(user=user_id).update(balance_cents=seen - amount_cents)

    unguarded = patch("orders.services.buying.require_buyer", lambda _: unguard())
    with unguarded, patch("accounts.wallet.services.charge", charge):
        assert buy_at_once(shopper.user.pk, 2) == 2
    repair(shopper)


@transaction.atomic
def repair(shopper: Shopper) -> None:
    """Write into the books what the control spent past them, and what it spent too much."""
    first, second = Order.objects.values_list("pk", flat=True)
    write(shopper, -39, 0, kind=Kind.CHARGE, counter_account="sales", reference=f"order:{first}")
    write(shopper, 39, 39, kind=Kind.ADJUSTMENT, reference="repair", reason="spent twice", actor="tests")
    write(shopper, -39, 0, kind=Kind.CHARGE, counter_account="sales", reference=f"order:{second}")


def write(shopper: Shopper, cents: int, balance_after: int, **entry: str) -> None:
    Entry.objects.create(wallet_id=shopper.user.pk, amount_cents=cents, balance_after=balance_after, **entry)
