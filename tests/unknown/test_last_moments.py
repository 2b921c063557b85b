"""What happens at the end of an order's time, between two looks at it, and to a process that sleeps over it."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.db.models.functions import Now
from django.test import Client

from catalog.models import Provider
from catalog.upstream.adapter import SmsActivate
from catalog.upstream.sandbox.engine.activation import Phase
from catalog.upstream.types import Activation
from jiema import failpoints
from orders.models import Order, Sms, UpstreamAttempt, UpstreamLoss
from orders.services import cancelling, reconciling, syncing
from tests.conftest import WISH, Shopper, data, error, expire
from tests.orders.test_settling import state
from tests.unknown.hours import ShiftedClock, age_rows

NUMBER = 700_000_001

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_armed() -> Iterator[None]:
    yield
    failpoints.armed.clear()


def skip(shopper: Shopper, clock: ShiftedClock, seconds: float) -> None:
    clock.skipped += seconds
    age_rows(seconds)
    shopper.sandbox.shop.tick()


def texts(order: Any) -> list[str]:
    return [sms["body"] for sms in order["smsHistory"]]


# Two SMS between two looks


def two_at_once(shopper: Shopper) -> str:
    order_id: str = shopper.buy()["id"]
    shopper.deliver(order_id, "first 1111")
    shopper.deliver(order_id, "second 2222")
    return order_id


def push(provider: Provider, text: str) -> None:
    body = {"activationId": NUMBER, "text": text, "receivedAt": text}
    Client().post(f"/api/push/{provider.push_secret}", json.dumps(body), content_type="application/json")


def test_of_two_sms_between_two_looks_the_status_tells_the_newest(shopper: Shopper) -> None:
    order = shopper.order(two_at_once(shopper))
    assert (texts(order), order["smsBody"]) == (["second 2222"], "second 2222")


@pytest.mark.parametrize("order_of_pushes", [(0, 1), (1, 0)])
def test_pushes_bring_both(shopper: Shopper, provider: Provider, order_of_pushes: tuple[int, int]) -> None:
    order_id = two_at_once(shopper)
    sms = ("first 1111", "second 2222")
    for index in order_of_pushes:
        push(provider, sms[index])
    assert sorted(texts(shopper.order(order_id))) == sorted(sms)


def test_what_comes_to_us_last_is_shown_and_the_history_has_both(shopper: Shopper, provider: Provider) -> None:
    """Roads differ in speed, and the provider's times are not to be trusted: a push may bring the older one last."""
    order_id = two_at_once(shopper)
    assert shopper.order(order_id)["smsBody"] == "second 2222"
    push(provider, "first 1111")
    order = shopper.order(order_id)
    assert (order["smsBody"], texts(order)) == ("first 1111", ["second 2222", "first 1111"])


# The last second


def test_a_code_of_the_last_second_is_sold(shopper: Shopper, clock: ShiftedClock) -> None:
    order_id = shopper.buy()["id"]
    skip(shopper, clock, 1199)
    shopper.deliver(order_id, "code 1111")
    skip(shopper, clock, 65)
    assert shopper.sandbox.shop.find(NUMBER).phase is Phase.FINISHED
    assert syncing.end_due_orders() == 1
    order = data(shopper.api.get(f"/orders/{order_id}"))
    assert (order["status"], order["smsBody"], shopper.balance()) == ("COMPLETED", "code 1111", 2500 - 39)


def test_a_code_that_nobody_could_ask_for_is_refunded_never_shown_and_our_loss(
    shopper: Shopper, provider: Provider, clock: ShiftedClock
) -> None:
    order_id = shopper.buy()["id"]
    skip(shopper, clock, 1199)
    shopper.deliver(order_id, "code 1111")
    skip(shopper, clock, 65)
    shopper.sandbox.fail("getStatusV2", "502")
    syncing.end_due_orders()
    assert (Order.objects.get(pk=order_id).status, shopper.balance()) == ("FAILED", 2500)
    age_rows(1)
    assert cancelling.give_back_due() == 1
    assert texts(shopper.order(order_id)) == []
    assert UpstreamLoss.objects.get(void_at=None).order_id == order_id


def test_a_number_that_lives_longer_there_goes_back(shopper: Shopper, provider: Provider, clock: ShiftedClock) -> None:
    """Its reply does not say for how long it is sold, and our setting says twenty minutes."""
    Provider.objects.update(dialect="smshub")
    shopper.sandbox.shop.rules.lifetime = 3600
    order_id = shopper.buy()["id"]
    skip(shopper, clock, 1262)
    syncing.end_due_orders()
    assert (Order.objects.get(pk=order_id).status, shopper.balance()) == ("FAILED", 2500)
    assert shopper.sandbox.shop.find(NUMBER).is_open
    for _ in range(3):  # it is not taken back after twenty minutes: asked for again and again
        age_rows(31)
        assert cancelling.give_back_due() == 1
    skip(shopper, clock, 3600)
    assert cancelling.give_back_due() == 1
    order = Order.objects.get(pk=order_id)
    assert (order.cancel_upstream_at, order.returned_at is not None) == (None, True)
    assert not UpstreamLoss.objects.filter(void_at=None).exists()


def test_an_sms_to_a_number_that_could_not_go_back_is_our_loss(
    shopper: Shopper, provider: Provider, clock: ShiftedClock
) -> None:
    order_id = shopper.buy()["id"]
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    shopper.deliver(order_id, "code 1111")
    skip(shopper, clock, 125)
    assert cancelling.give_back_due() == 1
    order = Order.objects.get(pk=order_id)
    assert (order.status, order.cancel_upstream_at, Sms.objects.count()) == ("CANCELLED", None, 1)
    assert UpstreamLoss.objects.get(void_at=None).cost == order.paid_cost


# A process that sleeps


def test_a_process_that_wakes_up_late_does_not_ask_for_a_number(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped between the reservation and the call."""
    monkeypatch.setattr("orders.services.buying.CALL_WITHIN_SECONDS", 0.0)
    assert error(shopper.api.post("/orders", WISH)) == (503, "UPSTREAM_UNAVAILABLE")
    assert (shopper.sandbox.log.count("getNumberV2"), shopper.balance()) == (0, 2500)
    assert UpstreamAttempt.objects.get().outcome == "rejected"


@pytest.mark.parametrize("dialect", ["hero", "tiger", "smshub"])
def test_a_purchase_after_the_refund_goes_back(
    shopper: Shopper, provider: Provider, clock: ShiftedClock, dialect: str
) -> None:
    """Stopped at the last moment, with the request half out of the door, for longer than we hold a charge."""
    Provider.objects.update(dialect=dialect)
    provider.refresh_from_db()
    plain = SmsActivate.buy

    def asleep(adapter: SmsActivate, *wish: Any) -> Activation:
        for _ in range(3):
            skip(shopper, clock, 50)
            reconciling.sweep(provider)
        return plain(adapter, *wish)

    with patch.object(SmsActivate, "buy", asleep):
        order = shopper.buy()
    assert (order["status"], order["refundedCents"], shopper.balance()) == ("FAILED", "39", 2500)
    assert state(order["id"]) == ("FAILED", "bought", str(NUMBER))
    skip(shopper, clock, 125)
    assert cancelling.give_back_due() == 1
    assert shopper.sandbox.shop.find(NUMBER).phase is Phase.CANCELLED
    assert not UpstreamLoss.objects.filter(void_at=None).exists()


def test_a_reply_that_was_slept_over_finds_its_order_bought(
    shopper: Shopper, provider: Provider, clock: ShiftedClock
) -> None:
    """Stopped between the call and the settling: the sweep has settled it meanwhile."""

    def asleep() -> None:
        skip(shopper, clock, 20)
        reconciling.sweep(provider)

    failpoints.armed["buy.called"] = asleep
    order = shopper.buy()
    assert (order["status"], state(order["id"])) == ("WAITING", ("WAITING", "bought", str(NUMBER)))
    assert shopper.sandbox.log.count("getNumberV2") == 1


# A provider that hangs


@pytest.fixture
def hang(shopper: Shopper, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def hang(action: str) -> None:
        monkeypatch.setattr("catalog.upstream.adapter.TOTAL_SECONDS", 0.3)
        shopper.sandbox.fail(action, "timeout", times=None)

    return hang


def test_ends_are_not_held_up_by_a_provider_that_hangs(shopper: Shopper, hang: Callable[[str], None]) -> None:
    """Three calls run into the wall, the others are not made; every customer has the money back at once."""
    for _ in range(10):
        expire(shopper.buy()["id"], 90)
    hang("getStatusV2")
    assert syncing.end_due_orders() == 10
    assert shopper.sandbox.log.count("getStatusV2") == 3
    assert (Order.objects.filter(status="FAILED").count(), shopper.balance()) == (10, 2500)


def test_numbers_go_back_later_where_the_provider_hangs(shopper: Shopper, hang: Callable[[str], None]) -> None:
    for _ in range(10):
        data(shopper.api.post(f"/orders/{shopper.buy()['id']}/cancel"))
    age_rows(125)
    shopper.sandbox.log.clear()
    hang("setStatus")
    assert cancelling.give_back_due() == 10
    assert shopper.sandbox.log.count("setStatus") == 3
    assert Order.objects.filter(cancel_upstream_at__gt=Now()).count() == 10
