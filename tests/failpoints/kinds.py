"""How a flow goes wrong at a failpoint. Each returns what the caller was told, None where nobody was left to tell."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import psycopg
from django.db import OperationalError, connection

from orders.models import Order, Status
from tests.conftest import WISH
from tests.failpoints.acts import Act
from tests.failpoints.arming import Hit, armed_at
from tests.failpoints.child import Child
from tests.failpoints.recovery import recover, repeat
from tests.failpoints.replies import OK, Boom, Reply, ask
from tests.failpoints.world import World

LOCK_TIMEOUT = "100ms"
# A few waits for locks, on a busy machine; without a limit they last until the child is killed.
LONGEST = 3.0
Kind = Callable[[World, Act, Hit], Reply | None]


def raises(world: World, act: Act, hit: Hit) -> Reply | None:
    """An exception that nobody expected."""

    def raise_boom() -> None:
        raise Boom(str(hit))

    return _in_here(act, hit, raise_boom)


def loses_its_query(world: World, act: Act, hit: Hit) -> Reply | None:
    """The database refuses, and is there again at once."""

    def refuse() -> None:
        raise OperationalError(str(hit))

    return _in_here(act, hit, refuse)


def loses_the_database(world: World, act: Act, hit: Hit) -> Reply | None:
    """The connection is gone; the flow finds out by itself."""

    def cut() -> None:
        connection.ensure_connection()
        with suppress(psycopg.Error):
            connection.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    return _in_here(act, hit, cut)


def _in_here(act: Act, hit: Hit, action: Callable[[], object]) -> Reply:
    with armed_at(hit, action) as was_reached:
        told = ask(act.run)
    assert was_reached()
    connection.close()
    return told


def exits(world: World, act: Act, hit: Hit) -> Reply | None:
    """The process dies there."""
    Child(act.run, hit, dies=True).wait_until_it_died()
    return None


def hangs(world: World, act: Act, hit: Hit) -> Reply | None:
    """The process stops there, nobody else waits for long, and it is killed."""
    child = Child(act.run, hit, dies=False)
    child.wait_until_it_stops()
    try:
        _nobody_waits_for_long(world, act)
    finally:
        child.kill()
    return None


def wakes_up(world: World, act: Act, hit: Hit) -> Reply | None:
    """The process stops there, the customer cancels, all is recovered without it, and then it goes on."""
    child = Child(act.run, hit, dies=False)
    child.wait_until_it_stops()
    try:
        _end_idle_transactions()
        cancelled = _cancel_all(world)
        recover(world, act)
    except BaseException:
        child.kill()
        raise
    told = child.go_on()
    assert not Order.objects.filter(pk__in=cancelled).exclude(status=Status.CANCELLED).exists()
    return told


def _cancel_all(world: World) -> list[str]:
    """The orders whose customer was told that they are cancelled."""
    waiting = [order.pk for order in world.orders() if order.status == Status.WAITING]
    told = {order_id: ask(partial(world.post, f"/orders/{order_id}/cancel")).code for order_id in waiting}
    assert set(told.values()) <= {OK, "CODE_RECEIVED", "ALREADY_CHANGED"}
    return [order_id for order_id, code in told.items() if code == OK]


def _end_idle_transactions() -> None:
    """As PostgreSQL does by itself after idle_in_transaction_session_timeout."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
        )


def _nobody_waits_for_long(world: World, act: Act) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("5s",)
        cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    orders = list(world.new(Order).values_list("pk", flat=True))
    for task in world.tasks:
        _timed(task)
    for order_id in orders:
        _timed(partial(world.alices.get, f"/orders/{order_id}"))
    assert _timed(partial(world.alices.get, "/orders")).code == OK
    with world.fair_weather():
        assert _timed(partial(world.carols.post, "/orders", WISH)).code == OK
    if act.again:
        _timed(partial(repeat, world, act, frozenset({"UNAVAILABLE"})))
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")


def _timed(call: Callable[[], object]) -> Reply:
    began = time.monotonic()
    reply = ask(call)
    assert time.monotonic() - began < LONGEST
    return reply


KINDS: dict[str, Kind] = {
    "raise": raises,
    "refused query": loses_its_query,
    "lost database": loses_the_database,
    "exit": exits,
    "hang": hangs,
    "wake up late": wakes_up,
}
