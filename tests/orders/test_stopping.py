"""What keeps numbers from being sold: a stop of all sales, and the brake on accounts that only cancel."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts import services as accounts
from accounts.models import User
from accounts.wallet.models import Entry, Wallet
from jiema import tasks
from jiema.alarms.models import Alarm
from orders.models import Order, SalesStop
from orders.services import stopping, syncing
from tests.alarms.scene import open_alarms
from tests.alarms.test_raising import at_once
from tests.conftest import PASSWORD, WISH, Shopper, api_of, data, error, expire, unguard
from tests.web.conftest import signed_in

STOPS = "/admin/orders/salesstop/"


def buy(shopper: Shopper, **headers: str) -> HttpResponse:
    response: HttpResponse = shopper.api.post("/orders", WISH, **headers)
    return response


# A stop of all sales


def test_while_sales_are_stopped_nothing_is_charged_or_asked(shopper: Shopper) -> None:
    stopping.stop_sales("strange prices", "ops@example.com")
    response = buy(shopper)
    assert (error(response), response["Retry-After"]) == ((503, "UPSTREAM_UNAVAILABLE"), "60")
    assert "orderId" not in response.json()  # type: ignore[attr-defined]
    assert (Order.objects.count(), Entry.objects.filter(kind="charge").count(), shopper.balance()) == (0, 0, 2500)
    assert shopper.sandbox.log.counts() == {}


def test_while_sales_are_stopped_all_else_goes_on(shopper: Shopper) -> None:
    first, second = shopper.buy()["id"], shopper.buy()["id"]
    stopping.stop_sales("strange prices")
    shopper.deliver(first, "code 1111")
    assert shopper.order(first)["smsBody"] == "code 1111"
    assert data(shopper.api.post(f"/orders/{first}/next-sms"))["status"] == "WAITING"
    assert data(shopper.api.post(f"/orders/{second}/cancel"))["status"] == "CANCELLED"
    assert len(data(shopper.api.get("/prices?service=tg"))["items"]) == 1


def test_once_it_is_lifted_sales_go_on_with_the_same_idempotency_key(shopper: Shopper) -> None:
    stopping.stop_sales("strange prices")
    assert error(buy(shopper, Idempotency_Key="k1")) == (503, "UPSTREAM_UNAVAILABLE")
    assert stopping.lift_stop(SalesStop.objects.get().pk, "ops@example.com")
    assert data(buy(shopper, Idempotency_Key="k1"))["status"] == "WAITING"
    assert open_alarms("sales_stopped") == []


def test_one_stop_for_each_reason_and_each_is_lifted_alone(shopper: Shopper) -> None:
    assert [stopping.stop_sales(reason) for reason in ("a", "b", "a")] == [True, True, False]
    assert stopping.lift_stop(SalesStop.objects.get(reason="a").pk, "ops@example.com")
    assert error(buy(shopper)) == (503, "UPSTREAM_UNAVAILABLE")
    assert open_alarms("sales_stopped") == [("b", 1)]
    assert stopping.stop_sales("a")
    assert SalesStop.objects.count() == 3


def test_it_keeps_who_lifted_it_first(db: None) -> None:
    stopping.stop_sales("a")
    stop = SalesStop.objects.get()
    assert [stopping.lift_stop(stop.pk, actor) for actor in ("ann", "ben")] == [True, False]
    stop.refresh_from_db()
    assert (stop.stopped_by, stop.lifted_by, stop.lifted_at is not None) == ("the shop itself", "ann", True)


def test_a_long_reason_stops_all_the_same_and_is_lifted_with_its_alarm(db: None) -> None:
    assert [stopping.stop_sales("x" * 10_000) for _ in range(2)] == [True, False]
    stopping.lift_stop(SalesStop.objects.get(reason="x" * 200).pk, "ann")
    assert open_alarms("sales_stopped") == []


@pytest.mark.django_db(transaction=True)
def test_stopped_by_many_at_once_it_is_stopped_once() -> None:
    start = threading.Barrier(5)
    new: list[bool] = []

    def stop() -> None:
        start.wait()
        new.append(stopping.stop_sales("a"))

    assert at_once(*[stop] * 5) == []
    assert (sorted(new), SalesStop.objects.count()) == ([False] * 4 + [True], 1)
    assert open_alarms("sales_stopped") == [("a", 1)]


def test_books_that_may_cost_money_stop_sales(shopper: Shopper) -> None:
    unguard()
    Wallet.objects.filter(user=shopper.user).update(balance_cents=2600)
    tasks.check_books()
    assert error(buy(shopper)) == (503, "UPSTREAM_UNAVAILABLE")
    stop = SalesStop.objects.get()
    assert (stop.reason, stop.stopped_by) == ("The books: entries sum to the wallet's balance", "the shop itself")
    Wallet.objects.filter(user=shopper.user).update(balance_cents=2500)
    tasks.check_books()
    assert error(buy(shopper)) == (503, "UPSTREAM_UNAVAILABLE")  # until a person has looked
    stopping.lift_stop(stop.pk, "ops@example.com")
    shopper.buy()


def test_books_that_cost_no_money_now_stop_nobody(shopper: Shopper) -> None:
    expire(shopper.buy()["id"], 601)
    tasks.check_books()
    assert [alarm.subject.partition(":")[0] for alarm in Alarm.objects.filter(code="books_breach")] == [
        "no open order outlives its time"
    ]
    shopper.buy()
    syncing.end_due_orders()


@pytest.fixture
def ops() -> Client:
    return signed_in(accounts.create_user("ops@example.com", PASSWORD, is_staff=True))


def test_a_person_stops_and_lifts(shopper: Shopper, ops: Client) -> None:
    ops.post(f"{STOPS}add/", {"reason": " strange prices "})
    stop = SalesStop.objects.get()
    assert (stop.reason, stop.stopped_by) == ("strange prices", "ops@example.com")
    assert error(buy(shopper)) == (503, "UPSTREAM_UNAVAILABLE")
    page = ops.post(STOPS, {"action": "lift", "_selected_action": stop.pk}, follow=True).content.decode()
    assert "1 stops are lifted." in page
    stop.refresh_from_db()
    assert stop.lifted_by == "ops@example.com"
    shopper.buy()


def test_a_stop_for_the_same_reason_is_told_and_none_is_edited_or_deleted(db: None, ops: Client) -> None:
    stopping.stop_sales("a")
    page = ops.post(f"{STOPS}add/", {"reason": "a"}).content.decode()
    assert "Sales are stopped for this reason already." in page
    stop = SalesStop.objects.get()
    assert ops.post(f"{STOPS}{stop.pk}/change/", {"reason": "b"}).status_code == 403
    assert ops.post(f"{STOPS}{stop.pk}/delete/", {"post": "yes"}).status_code == 403


# The brake


@pytest.fixture
def braked(shopper: Shopper, settings: Settings) -> Shopper:
    """Four orders, three of them cancelled, where three of four are too many."""
    settings.CANCEL_BRAKE_ORDERS, settings.CANCEL_BRAKE_PERCENT = 4, 75
    shopper.buy()
    cancel_some(shopper, 3)
    return shopper


def cancel_some(shopper: Shopper, times: int) -> None:
    for _ in range(times):
        order_id = shopper.buy()["id"]
        data(shopper.api.post(f"/orders/{order_id}/cancel"))


def age(**how: float) -> None:
    """As if all orders were made so long ago."""
    with transaction.atomic():
        unguard()
        Order.objects.update(created_at=Now() - timedelta(**how))


def test_who_only_cancels_is_told_to_wait_and_nothing_moves(braked: Shopper) -> None:
    before = (Order.objects.count(), braked.balance(), braked.sandbox.log.counts())
    response = buy(braked)
    assert error(response) == (429, "RATE_LIMITED")
    assert b"3 of your last 4 orders were cancelled" in response.content
    assert (Order.objects.count(), braked.balance(), braked.sandbox.log.counts()) == before
    alarm = Alarm.objects.get(code="cancel_brake")
    assert (alarm.subject, alarm.detail) == (braked.user.pk, {"cancelled": "3", "orders": "4"})


def test_reads_and_cancels_go_on(braked: Shopper) -> None:
    order_id = Order.objects.get(status="WAITING").pk
    assert braked.order(order_id)["status"] == "WAITING"
    assert data(braked.api.post(f"/orders/{order_id}/cancel"))["status"] == "CANCELLED"


def test_another_account_is_not_held(braked: Shopper, carol: User) -> None:
    assert data(api_of(carol).post("/orders", WISH))["status"] == "WAITING"


@pytest.mark.parametrize(("orders", "percent"), [(5, 75), (4, 76), (0, 0), (0, 75)])
def test_fewer_orders_or_a_smaller_share_are_free(
    braked: Shopper, settings: Settings, orders: int, percent: int
) -> None:
    settings.CANCEL_BRAKE_ORDERS, settings.CANCEL_BRAKE_PERCENT = orders, percent
    braked.buy()
    assert not Alarm.objects.filter(code="cancel_brake").exists()


def test_an_order_without_a_number_is_no_cancel_of_theirs(shopper: Shopper, settings: Settings) -> None:
    settings.CANCEL_BRAKE_ORDERS, settings.CANCEL_BRAKE_PERCENT = 2, 50
    shopper.sandbox.fail("getNumberV2", "refuse", word="NO_NUMBERS", times=2)
    assert [error(buy(shopper)), error(buy(shopper))] == [(400, "NO_NUMBERS")] * 2
    shopper.buy()


def test_only_the_newest_orders_count(braked: Shopper, settings: Settings) -> None:
    settings.CANCEL_BRAKE_ORDERS = 5
    braked.buy()
    settings.CANCEL_BRAKE_ORDERS, settings.CANCEL_BRAKE_PERCENT = 1, 100
    braked.buy()
    cancel_some(braked, 1)
    assert error(buy(braked)) == (429, "RATE_LIMITED")


@pytest.mark.django_db(transaction=True)
def test_it_holds_for_an_hour_from_the_oldest_of_them(braked: Shopper) -> None:
    age(seconds=0)
    assert 3595 <= int(buy(braked)["Retry-After"]) <= 3600
    age(minutes=59)
    assert 55 <= int(buy(braked)["Retry-After"]) <= 60
    age(minutes=60)
    assert buy(braked).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_very_next_call_after_retry_after_passes(braked: Shopper) -> None:
    age(minutes=59, seconds=58)
    refused = buy(braked, Idempotency_Key="k1")
    assert error(refused) == (429, "RATE_LIMITED")
    time.sleep(int(refused["Retry-After"]))
    assert data(buy(braked, Idempotency_Key="k1"))["status"] == "WAITING"
