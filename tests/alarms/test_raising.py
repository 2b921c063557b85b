"""An alarm may be raised in the middle of anything, and never makes it worse."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.db import DataError, OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected
from structlog.testing import capture_logs

from accounts.models import User
from catalog.upstream.types import Activation
from jiema.alarms import services
from jiema.alarms.models import Alarm
from jiema.alarms.services import clear_alarm, clear_by_hand, hold, raise_alarm, raise_fault
from orders.models import Order
from orders.services.buying import settle_bought
from tests.alarms.scene import open_alarms
from tests.conftest import Shopper
from tests.orders.test_settling import held, state

REAL_TRANSACTIONS = pytest.mark.django_db(transaction=True)


def open_rows() -> list[tuple[str, str, int]]:
    return [*Alarm.objects.filter(cleared_at=None).order_by("id").values_list("code", "subject", "times")]


def test_raised_again_it_counts_up_and_tells_the_newest(db: None) -> None:
    assert raise_alarm("late_sms", "c1", cost=1)
    assert not raise_alarm("late_sms", "c1", cost=2)
    assert raise_alarm("late_sms", "c2")
    assert open_rows() == [("late_sms", "c1", 2), ("late_sms", "c2", 1)]
    assert Alarm.objects.get(subject="c1").detail == {"cost": "2"}


def test_after_it_was_cleared_it_opens_anew(db: None) -> None:
    raise_alarm("late_sms", "c1")
    assert clear_by_hand([Alarm.objects.get().pk], "ops@example.com", "refund asked for") == 1
    assert raise_alarm("late_sms", "c1")
    assert [*Alarm.objects.order_by("id").values_list("times", "cleared_by")] == [(1, "ops@example.com"), (1, "")]


def test_what_is_cleared_is_cleared_once(db: None) -> None:
    raise_alarm("late_sms", "c1")
    ids = [Alarm.objects.get().pk]
    assert [clear_by_hand(ids, "ann", "first"), clear_by_hand(ids, "ben", "second")] == [1, 0]
    clear_alarm("late_sms", "c1")
    assert (Alarm.objects.get().cleared_by, Alarm.objects.get().note) == ("ann", "first")


def test_a_held_condition_is_open_for_just_its_cases(db: None) -> None:
    long = "x" * 10_000
    hold("catalogue_old", {"a": "1", long: "2"})
    hold("catalogue_old", {long: "2", "b": "3"})
    assert open_rows() == [("catalogue_old", "x" * 200, 1), ("catalogue_old", "b", 1)]
    assert Alarm.objects.get(subject="a").cleared_by == "itself"


def test_a_long_subject_is_cut_and_counts_up_all_the_same(db: None) -> None:
    for _ in range(2):
        raise_alarm("books_breach", "é" * 10_000)
    assert open_alarms("books_breach") == [("é" * 200, 2)]


def test_a_code_that_is_no_kind_is_a_mistake_of_ours(db: None) -> None:
    with pytest.raises(KeyError):
        raise_alarm("no_such_kind")


def test_a_fault_is_told_by_its_place_and_not_by_its_words(db: None) -> None:
    try:
        raise ValueError("a customer's secret")
    except ValueError as error:
        raise_fault(error, request_id="7")
    place = "ValueError in test_raising.py:test_a_fault_is_told_by_its_place_and_not_by_its_words"
    assert open_alarms("internal_error") == [(place, 1)]
    assert Alarm.objects.get().detail == {"request_id": "7"}


def test_an_exception_that_was_never_raised_is_told_too(db: None) -> None:
    raise_fault(ValueError("x"))
    assert open_alarms("internal_error") == [("ValueError in ?", 1)]


def test_without_a_database_the_log_has_it(db: None) -> None:
    with capture_logs() as logs, patch.object(services.connection, "cursor", side_effect=OperationalError):
        assert raise_alarm("late_sms", "c1", cost="0.3")
    assert [(entry["event"], entry["log_level"], entry["subject"], entry["cost"]) for entry in logs] == [
        ("late_sms", "error", "c1", "0.3")
    ]


def test_in_a_transaction_that_is_broken_the_log_has_it(db: None) -> None:
    with transaction.atomic(), capture_logs() as logs:
        with pytest.raises(DataError), connection.cursor() as cursor:
            cursor.execute("SELECT 1/0")
        assert raise_alarm("late_sms", "c1")
        transaction.set_rollback(True)
    assert ([entry["event"] for entry in logs], open_rows()) == (["late_sms"], [])
    assert raise_alarm("late_sms", "c1")


def test_in_a_transaction_marked_for_rollback_the_log_has_it(db: None) -> None:
    with transaction.atomic():
        transaction.set_rollback(True)
        assert raise_alarm("late_sms", "c1")
    assert open_rows() == []


@REAL_TRANSACTIONS
def test_the_row_goes_with_its_transaction_and_the_log_stays() -> None:
    with capture_logs() as logs, transaction.atomic():
        raise_alarm("bought_above_cap", "c1")
        transaction.set_rollback(True)
    assert (open_rows(), [entry["event"] for entry in logs]) == ([], ["bought_above_cap"])


def test_a_row_that_cannot_be_written_leaves_the_transaction_whole(db: None, alice: User) -> None:
    with transaction.atomic():
        assert raise_alarm("bought_above_cap", "c1", word="\0")
        assert User.objects.filter(pk=alice.pk).exists()


@contextmanager
def desk_held_by_another() -> Iterator[None]:
    """A migration, or a repair by hand, may hold the whole table for longer than a sale waits."""
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("LOCK TABLE alarms_alarm")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        yield
    finally:
        other.close()
        connection.close()


@REAL_TRANSACTIONS
def test_a_number_is_settled_though_its_alarm_cannot_be_written(shopper: Shopper) -> None:
    order_id = held(shopper, "close")
    with desk_held_by_another():
        assert settle_bought(order_id, Activation("700000001", "+60111111111", Decimal("0.31"), None))
    assert state(order_id) == ("WAITING", "bought", "700000001")


def test_text_that_cannot_be_stored_is_no_failure(db: None) -> None:
    assert raise_alarm("late_sms", "\ud800")


def at_once(*acts: Callable[[], None]) -> list[Exception]:
    """Each in a thread of its own; what they raised."""
    failures: list[Exception] = []

    def run(act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


@REAL_TRANSACTIONS
def test_raised_by_many_at_once_it_is_open_and_one_clearing_ends_it() -> None:
    start = threading.Barrier(8)

    def raise_some() -> None:
        start.wait()
        for _ in range(5):
            raise_alarm("late_sms", "c1")

    assert at_once(*[raise_some] * 8) == []
    rows = open_rows()
    assert {row[:2] for row in rows} == {("late_sms", "c1")}
    assert len(rows) <= 8  # who comes at the same moment may leave a row of his own
    clear_alarm("late_sms", "c1")
    assert open_rows() == []


def crossed(shopper: Shopper, *, end_together: bool) -> list[Exception]:
    """Two transactions, each with an order of its own, raise the same two alarms in opposite order."""
    orders = [shopper.buy()["id"] for _ in range(2)]
    meet = threading.Barrier(2, timeout=5)
    end = threading.Barrier(2 if end_together else 1, timeout=5)

    def work(order_id: str, first: str, second: str) -> None:
        with transaction.atomic():
            Order.objects.select_for_update().get(pk=order_id)
            raise_alarm("late_sms", first)
            meet.wait()
            raise_alarm("late_sms", second)
            end.wait()

    raise_alarm("late_sms", "a")
    raise_alarm("late_sms", "b")
    return at_once(lambda: work(orders[0], "a", "b"), lambda: work(orders[1], "b", "a"))


@REAL_TRANSACTIONS
def test_two_that_raise_in_opposite_order_do_not_deadlock(shopper: Shopper) -> None:
    assert crossed(shopper, end_together=True) == []
    assert open_rows() == [("late_sms", "a", 2), ("late_sms", "b", 2)]


@REAL_TRANSACTIONS
def test_control_with_a_wait_for_the_row_they_would(shopper: Shopper) -> None:
    waiting = services._RAISE.replace("SKIP LOCKED", "")
    with patch.object(services, "_RAISE", waiting), patch.object(services, "Error", KeyError):
        failures = crossed(shopper, end_together=False)
    assert [type(failure.__cause__) for failure in failures] == [DeadlockDetected]


@REAL_TRANSACTIONS
def test_who_raises_does_not_wait_for_who_holds_the_row() -> None:
    raise_alarm("late_sms", "a")
    found: list[bool] = []
    with transaction.atomic():
        raise_alarm("late_sms", "a")
        began = time.monotonic()
        assert at_once(lambda: found.append(raise_alarm("late_sms", "a"))) == []
        assert time.monotonic() - began < 2  # the lock's own limit is 5 s
    assert (found, open_rows()) == ([False], [("late_sms", "a", 2)])
