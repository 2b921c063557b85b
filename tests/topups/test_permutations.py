"""Whatever the order in which the shop learns what became of a payment: one credit, and the same end."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby, islice, product
from random import Random
from threading import Barrier

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from accounts.models import User
from accounts.topups.models import TopUp
from accounts.wallet.models import Wallet
from tests.conftest import make_user
from tests.topups import events
from tests.topups.events import SCRIPTS, Delivery, Moment, Order, Outcome, Script, Teller
from tests.torture import figures

# Beside the short ones in each possible order: so many long ones, of all scripts together. Every day the one script
# with hundreds of short orders runs some of them.
EVERYDAY, SHORT_EVERYDAY = 75, 300
LONG_ORDERS = int(os.environ.get("TOPUP_ORDERS", EVERYDAY))
SEED = 20_260_101
# Without a payment, one that is under way opens a wish again; the next reading ends it.
PAID = [script for script in SCRIPTS if script.name not in ("bank says no", "expired")]


@pytest.fixture
def teller(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Teller:
    settings.SANDBOX_GATEWAY, settings.SANDBOX_GATEWAY_URL = True, "http://127.0.0.1:1"
    told = Teller()
    monkeypatch.setattr("accounts.topups.methods.gateway", lambda code: told)
    return told


@pytest.mark.django_db
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name.replace(" ", "-"))
def test_in_each_order_the_same_end(teller: Teller, alice: User, script: Script) -> None:
    wish = events.new_wish(alice)
    last = len(script.tell(wish)) - 1
    as_it_happened = tuple(Delivery("reconciler", moment) for moment in range(last + 1))
    ((_, wanted),) = run(teller, alice, script, [as_it_happened])
    start = Wallet.objects.get(pk=alice.pk).balance_cents
    assert (wanted.balance - start, wanted.owed) == (script.keeps, script.owes)
    orders = {*short_orders(script), *islice(script.random_orders(SEED, last + 1), LONG_ORDERS // len(SCRIPTS))}
    done = 0
    for order, found in run(teller, alice, script, orders):
        assert found == wanted, told(order)
        done += 1
    assert done == len(orders)
    figures.record(topup_orders=done, topup_credits_too_many=0)


def short_orders(script: Script) -> list[Order]:
    orders = script.orders()
    if LONG_ORDERS > EVERYDAY or len(orders) <= SHORT_EVERYDAY:
        return orders
    return Random(SEED).sample(orders, SHORT_EVERYDAY)


@pytest.mark.django_db
@pytest.mark.parametrize("script", PAID, ids=lambda script: script.name.replace(" ", "-"))
def test_what_was_read_before_changes_nothing_later(teller: Teller, alice: User, script: Script) -> None:
    wish = events.new_wish(alice)
    moments = script.tell(wish)
    script.before(teller, wish, moments)
    for number in range(len(moments)):
        events.take_road(teller, wish, moments, Delivery("follower", number))
        events.take_road(teller, wish, moments, Delivery("reconciler", number))
    wanted = events.outcome(wish)
    for road, number in product(events.ROADS, reversed(range(len(moments)))):
        events.take_road(teller, wish, moments, Delivery(road, number))
        assert events.outcome(wish) == wanted, (road, number)


def run(teller: Teller, user: User, script: Script, orders: Iterable[Order]) -> Iterator[tuple[Order, Outcome]]:
    """Each of a new wish, which is gone afterwards. What orders have in common at their beginning is done once."""
    with _undone():
        wish = events.new_wish(user)
        moments = script.tell(wish)
        script.before(teller, wish, moments)
        yield from _go_on(teller, wish, moments, (), sorted(orders, key=str))


def _go_on(
    teller: Teller, wish: TopUp, moments: list[Moment], done: Order, orders: list[Order]
) -> Iterator[tuple[Order, Outcome]]:
    """orders: that begin with what is done."""
    for delivery, group in groupby(orders, lambda order: order[len(done)] if len(order) > len(done) else None):
        with _undone():
            if delivery is None:
                yield done, _end(teller, wish, moments, done)
            else:
                _take(teller, wish, moments, delivery, done)
                yield from _go_on(teller, wish, moments, (*done, delivery), list(group))


def _take(teller: Teller, wish: TopUp, moments: list[Moment], delivery: Delivery, done: Order) -> None:
    try:
        events.take_road(teller, wish, moments, delivery)
    except BaseException as error:
        error.add_note(told((*done, delivery)))
        raise


def _end(teller: Teller, wish: TopUp, moments: list[Moment], done: Order) -> Outcome:
    for delivery in in_the_end(moments):
        _take(teller, wish, moments, delivery, done)
    try:
        events.check_money(wish, moments)
        events.check_constraints_now()
    except BaseException as error:
        error.add_note(told(done))
        raise
    return events.outcome(wish)


@contextmanager
def _undone() -> Iterator[None]:
    """No block of its own, so that what has to be a transaction by itself may be one."""
    before = transaction.savepoint()
    yield
    transaction.savepoint_rollback(before)


def in_the_end(moments: list[events.Moment]) -> Iterator[Delivery]:
    """What the worker does in any case, sooner or later."""
    yield Delivery("follower", len(moments) - 1)
    yield Delivery("reconciler", len(moments) - 1)


def told(order: Order) -> str:
    return " → ".join(map(str, order))


THREADS = 3
# Nothing has to happen before these, so that they begin with deliveries.
AT_ONCE = [script for script in SCRIPTS if script.before is Script.before]


@pytest.mark.django_db(transaction=True)
def test_deliveries_at_the_same_time_come_to_the_same_end(teller: Teller, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    rounds = max(2, LONG_ORDERS // 100)
    for script in AT_ONCE:
        for number in range(rounds):
            wish = events.new_wish(make_user(f"{script.name.replace(' ', '-')}-{number}"))
            at_once(teller, wish, script, number)
            ends(teller, wish, script)
    figures.record(topup_orders=rounds * len(AT_ONCE), topup_credits_too_many=0)


def at_once(teller: Teller, wish: TopUp, script: Script, seed: int) -> None:
    """Each of the threads makes some deliveries, and all begin together."""
    moments = script.tell(wish)
    order = next(script.random_orders(seed, len(moments)))
    start = Barrier(THREADS)

    def deliver(number: int) -> None:
        start.wait()
        try:
            for delivery in order[number::THREADS]:
                events.take_road(teller, wish, moments, delivery)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(deliver, range(THREADS)))


def ends(teller: Teller, wish: TopUp, script: Script) -> None:
    moments = script.tell(wish)
    for delivery in in_the_end(moments):
        events.take_road(teller, wish, moments, delivery)
    events.check_money(wish, moments)
    assert (events.outcome(wish).balance, events.outcome(wish).owed) == (script.keeps, script.owes)
