"""A worker whose clock is ten minutes wrong decides as every other does: the database's clock counts."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db.models.functions import Now

from catalog.models import Provider
from catalog.services.providers import read_balance
from orders.models import IdempotentCall, Order
from orders.screen import Screen
from orders.services import cancelling, reconciling, syncing
from orders.services.lifecycle import database_now
from tests.conftest import WISH, Shopper, data, error, expire, stale
from tests.orders.test_settling import held, sent, state


@pytest.fixture(autouse=True, params=[-600, 600], ids=["ten minutes slow", "ten minutes fast"])
def _wrong_clock(request: pytest.FixtureRequest) -> Iterator[None]:
    with time_machine.travel(time.time() + request.param, tick=True):
        assert abs((database_now() - datetime.now(UTC)).total_seconds()) > 590
        yield


@pytest.fixture(autouse=True)
def _database(shopper: Shopper) -> None:
    """The clock goes wrong where the shop is set up already."""


def test_an_order_lives_for_twenty_minutes(shopper: Shopper) -> None:
    order = Order.objects.get(pk=shopper.buy()["id"])
    assert (order.bought_at, order.expires_at) == (database_now(), database_now() + timedelta(minutes=20))
    assert Screen.of(order).seconds_left == 1200


@pytest.mark.parametrize(("seconds_ago", "becomes"), [(-30, "WAITING"), (30, "WAITING"), (90, "FAILED")])
def test_the_grace_is_a_minute(shopper: Shopper, seconds_ago: int, becomes: str) -> None:
    order_id = shopper.buy()["id"]
    expire(order_id, seconds_ago)
    syncing.end_due_orders()
    assert Order.objects.get(pk=order_id).status == becomes


def test_the_provider_is_asked_every_three_seconds(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    Order.objects.filter(pk=order_id).update(synced_at=Now())
    assert not syncing.sync_if_stale(order_id)
    stale(order_id)
    assert syncing.sync_if_stale(order_id)


def test_a_number_goes_back_when_it_may(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    order = Order.objects.get(pk=order_id)
    assert order.bought_at
    assert order.cancel_upstream_at == order.bought_at + timedelta(seconds=120)
    assert cancelling.give_back_due() == 0
    Order.objects.update(cancel_upstream_at=Now() - timedelta(seconds=1))
    assert cancelling.give_back_due() == 1


@pytest.mark.parametrize(("seconds", "becomes"), [(0, "WAITING"), (40, "FAILED")])
def test_a_call_is_in_flight_for_sixteen_seconds(
    shopper: Shopper, provider: Provider, seconds: int, becomes: str
) -> None:
    order_id = held(shopper, "close")
    sent(order_id, seconds)
    for _ in range(3):
        reconciling.sweep(provider)
    assert state(order_id)[0] == becomes


@pytest.mark.parametrize(("seconds", "becomes"), [(90, "WAITING"), (150, "FAILED")])
def test_where_nothing_can_be_listed_a_charge_is_held_for_two_minutes(
    shopper: Shopper, provider: Provider, seconds: int, becomes: str
) -> None:
    Provider.objects.update(dialect="smshub")
    provider.refresh_from_db()
    shopper.sandbox.fail("getNumber", "close")
    order_id = shopper.api.post("/orders", WISH).json()["orderId"]
    sent(order_id, seconds)
    reconciling.sweep(provider)
    assert state(order_id)[0] == becomes


def test_an_unknown_purchase_finds_its_number(shopper: Shopper, provider: Provider) -> None:
    order_id = held(shopper, "sold_then_close")
    sent(order_id, 5)
    reconciling.sweep(provider)
    assert state(order_id) == ("WAITING", "bought", "700000001")


def test_a_claimed_key_is_taken_over_after_half_a_minute(shopper: Shopper) -> None:
    data(shopper.api.post("/orders", WISH, Idempotency_Key="k1"))
    IdempotentCall.objects.update(reply=None, order=None, running_until=Now() + timedelta(seconds=30))
    assert error(shopper.api.post("/orders", WISH, Idempotency_Key="k1")) == (409, "IN_PROGRESS")
    IdempotentCall.objects.update(running_until=Now() - timedelta(seconds=1))
    assert data(shopper.api.post("/orders", WISH, Idempotency_Key="k1"))["status"] == "WAITING"


def test_keys_are_kept_for_a_day(shopper: Shopper) -> None:
    data(shopper.api.post("/orders", WISH, Idempotency_Key="k1"))
    IdempotentCall.objects.update(created_at=Now() - timedelta(hours=23, minutes=59))
    assert shopper.api.post("/orders", WISH, Idempotency_Key="k1")["Idempotent-Replayed"] == "true"
    IdempotentCall.objects.update(created_at=Now() - timedelta(hours=24, minutes=1))
    assert "Idempotent-Replayed" not in shopper.api.post("/orders", WISH, Idempotency_Key="k1")


def test_a_banned_account_is_tried_again_after_ten_minutes(provider: Provider) -> None:
    for minutes, is_paused in ((9, True), (11, False)):
        Provider.objects.update(paused_at=Now() - timedelta(minutes=minutes), pause_reason="BANNED")
        provider.refresh_from_db()
        read_balance(provider)
        assert (Provider.objects.get().paused_at is not None) == is_paused
