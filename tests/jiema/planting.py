"""Faults planted in honest books, past every guard of the database. Each breaks one rule, about one subject."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.referrals.models import Invitation, Via
from accounts.referrals.services import share
from accounts.vouchers import services as vouchers
from accounts.vouchers.models import VoucherBatch
from accounts.wallet import services as wallet
from accounts.wallet.models import Debt, Entry
from catalog.models import BalanceReading, Provider
from jiema import books
from orders.models import Order, Outcome, StrayActivation, UpstreamAttempt
from orders.services.syncing import end_due_orders
from tests.conftest import Shopper, expire, unguard
from tests.paying import pay_in

(
    SUMS,
    CHAIN,
    NOT_NEGATIVE,
    CHARGE,
    REFUND,
    HAS_ORDER,
    SHARE,
    SHARE_BACK,
    ACTIVATION,
    NUMBER,
    PAYMENT,
    PAYOUT,
    LISTED,
    TAKEN_BACK,
    BALANCE,
    UNSETTLED,
    OVERDUE,
    GIVEN_BACK,
    LOSS,
    FLOOR,
    VOUCHER,
) = (check.rule for check in books.CHECKS)


@dataclass
class Shop:
    """Honest books. done is COMPLETED, cancelled has its refund, waiting waits for its SMS: ids of Alice's orders."""

    shopper: Shopper
    carol: User
    provider: Provider
    done: str
    cancelled: str
    top_up: str
    waiting: str

    @property
    def alice(self) -> str:
        return self.shopper.user.pk

    def entry(self, kind: str, reference: str) -> Entry:
        return Entry.objects.get(kind=kind, reference=reference)


@pytest.fixture
def shop(shopper: Shopper, carol: User, provider: Provider, settings: Settings) -> Shop:
    settings.SANDBOX_GATEWAY = True
    done = shopper.buy()["id"]
    shopper.deliver(done, "code 1111")
    shopper.order(done)
    expire(done, 61)
    end_due_orders()
    cancelled = shopper.buy()["id"]
    shopper.sandbox.advance(121)
    shopper.api.post(f"/orders/{cancelled}/cancel")
    return Shop(shopper, carol, provider, done, cancelled, paid(shopper.user, 500), shopper.buy()["id"])


def paid(user: User, cents: int) -> str:
    """The id of a top-up."""
    top_up = pay_in(user, cents)
    return top_up.pk


def owing(shop: Shop) -> Debt:
    """Carol spent $3 of a payment of $5 that was taken back, and has repaid one: $2 are open."""
    top_up = paid(shop.carol, 500)
    wallet.adjust(shop.carol.pk, -1300, f"spent:{top_up}", reason="her $10, and $3", actor="tests")
    wallet.charge_back(shop.carol.pk, 500, "sandbox", top_up)
    wallet.adjust(shop.carol.pk, 100, f"earned:{top_up}", reason="a gift", actor="tests")
    return Debt.objects.get(reference=f"topup:{top_up}")


def shared(shop: Shop) -> None:
    """Carol invited Alice, and got 3 cents of her completed order."""
    Invitation.objects.create(invitee=shop.shopper.user, inviter=shop.carol, via=Via.CODE)
    share(shop.done, shop.alice, 39)


def redeemed(shop: Shop) -> Entry:
    """Carol's credit of a voucher of $5."""
    batch = VoucherBatch(name="spring", size=1, value_cents=500, made_by="tests")
    vouchers.redeem(shop.carol.pk, vouchers.make_batch(batch)[0])
    return Entry.objects.get(kind="voucher", wallet=shop.carol.pk)


def found() -> set[tuple[str, str]]:
    """Rule and subject of each breach. What was planted today is found without looking further back, too."""
    whole = named()
    assert named(days=1) == whole
    return whole


def named(days: int | None = None) -> set[tuple[str, str]]:
    since = None if days is None else timezone.now() - timedelta(days=days)
    return {(breach.check, breach.subject) for breach in books.breaches(since)}


def sql(statement: str, *values: object) -> None:
    """Past all triggers."""
    unguard()
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def drop(table: str, constraint: str) -> None:
    sql("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks to come can't be altered
    sql(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")


def post(user_id: str, kind: str, cents: int, reference: str, reverses: Entry | None = None) -> None:
    """An entry and its balance, as the wallet would write them."""
    sql("UPDATE wallet_wallet SET balance_cents = balance_cents + %s WHERE user_id = %s", cents, user_id)
    counter = "sales" if kind in ("charge", "refund") else "adjustment"
    sql(
        "INSERT INTO wallet_entry (wallet_id, kind, counter_account, amount_cents, balance_after, reference,"
        " reverses_id, reason, actor) SELECT user_id, %s, %s, %s, balance_cents, %s, %s, 'planted', 'tests'"
        " FROM wallet_wallet WHERE user_id = %s",
        *(kind, counter, cents, reference, reverses and reverses.pk, user_id),
    )


def change(entry: Entry, cents: int) -> None:
    """As if the entry had always moved so much more."""
    sql("UPDATE wallet_entry SET amount_cents = amount_cents + %s WHERE id = %s", cents, entry.pk)
    sql(
        "UPDATE wallet_entry SET balance_after = balance_after + %s WHERE wallet_id = %s AND id >= %s",
        *(cents, entry.wallet_id, entry.pk),
    )
    sql("UPDATE wallet_wallet SET balance_cents = balance_cents + %s WHERE user_id = %s", cents, entry.wallet_id)


def disguise(entry: Entry) -> None:
    """The money stays moved, but not for this reason."""
    sql(
        "UPDATE wallet_entry SET kind = 'adjustment', counter_account = 'adjustment', reference = 'gone', reverses_id ="
        " NULL, reason = 'planted', actor = 'tests' WHERE id = %s",
        entry.pk,
    )


def set_order(order_id: str, columns: str) -> None:
    sql(f"UPDATE orders_order SET {columns} WHERE id = %s", order_id)


def set_attempt(order_id: str, outcome: Outcome, sent: timedelta) -> None:
    UpstreamAttempt.objects.filter(order=order_id).update(outcome=outcome, sent_at=Now() - sent)


def make_stray(shop: Shop, activation_id: str, settlement: str = "") -> str:
    seen = Now() - timedelta(minutes=6)
    stray = StrayActivation.objects.create(
        provider=shop.provider,
        activation_id=activation_id,
        phone="+60111111111",
        service_code="tg",
        first_seen_at=seen,
        settled_at=seen if settlement else None,
        settlement=settlement,
    )
    return str(stray)


def activation_of(order_id: str) -> str:
    return str(Order.objects.get(pk=order_id).activation_id)


def read_at_provider(shop: Shop, balance: str, *, minutes_ago: int = 0, is_start: bool = False) -> None:
    moment = Now() - timedelta(minutes=minutes_ago)
    rate = Provider.objects.get(pk=shop.provider.pk).usd_rate
    BalanceReading.objects.create(
        provider=shop.provider, balance=balance, usd_rate=rate, read_at=moment, is_start=is_start
    )


Plant = Callable[[Shop], str]
"""Plants, and tells the subject that the rule has to name."""

World = TypeVar("World")


@contextmanager
def planted(plant: Callable[[World], str], shop: World) -> Iterator[str]:
    """What is planted is gone afterwards, and what came of it: every test ends with honest books."""
    before = transaction.savepoint()
    try:
        yield plant(shop)
    finally:
        transaction.savepoint_rollback(before)
