"""Lists that come in pieces, late, empty or not at all, and numbers in them that are not ours."""

import json
from typing import Any

import pytest

from catalog.models import Provider
from catalog.services.providers import upstream_for
from catalog.upstream.sandbox import Sandbox
from catalog.upstream.sandbox.faults import Fault, Faults
from orders.models import Order, StrayActivation, UpstreamLoss
from orders.services import buying, reconciling
from tests.conftest import WISH, Shopper
from tests.orders.test_buying import reconcile
from tests.orders.test_settling import held, sent, state
from tests.unknown.hours import age_rows

EMPTY = json.dumps({"status": "success", "data": []})
PAGE = 50

pytestmark = pytest.mark.django_db(transaction=True)


class SecondPage(Faults):
    """Spoils every page of a list but the first. A connection keeps the faults that it began with."""

    fault: Fault | None = None

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._sandbox = sandbox

    def take(self, action: str) -> Fault | None:
        asked = self._sandbox.log.calls(action)[-1].params if action == "getActiveActivations" else {}
        return self.fault if asked.get("start", "0") != "0" else super().take(action)


@pytest.fixture
def second_page(shopper: Shopper) -> SecondPage:
    shopper.sandbox.faults = SecondPage(shopper.sandbox)
    return shopper.sandbox.faults


@pytest.fixture
def tiger(shopper: Shopper, provider: Provider) -> Provider:
    """Lists fifty a page, and has no history."""
    Provider.objects.update(dialect="tiger")
    provider.refresh_from_db()
    return provider


def fill_a_page(shopper: Shopper, provider: Provider) -> None:
    """Numbers of others on our account, so that the list has two pages."""
    shopper.sandbox.shop.stock(7, "wa", None, 1000)
    for _ in range(PAGE):
        upstream_for(provider).buy("wa", 7, None)


def test_a_number_on_a_page_that_came_finds_its_order(
    shopper: Shopper, tiger: Provider, second_page: SecondPage
) -> None:
    fill_a_page(shopper, tiger)
    order_id = held(shopper, "sold_then_close")
    second_page.fault = Fault("502")
    reconcile()
    assert state(order_id) == ("WAITING", "bought", "700000051")


def test_a_list_that_never_comes_whole_refunds_nobody_for_ten_minutes(
    shopper: Shopper, tiger: Provider, second_page: SecondPage
) -> None:
    fill_a_page(shopper, tiger)
    order_id = held(shopper, "close")
    second_page.fault = Fault("502")
    for _ in range(8):
        age_rows(60)
        reconciling.sweep(tiger)
    assert (state(order_id), shopper.balance()) == (("WAITING", "unknown", None), 2500 - 39)
    age_rows(130)
    reconciling.sweep(tiger)
    assert (state(order_id), shopper.balance()) == (("FAILED", "abandoned", None), 2500)
    assert UpstreamLoss.objects.get().cause == "open_cost"


def test_a_number_in_the_first_whole_list_after_that_goes_back_and_costs_nothing(
    shopper: Shopper, tiger: Provider
) -> None:
    order_id = held(shopper, "sold_then_close")
    shopper.sandbox.fail("getActiveActivations", "502", times=1)
    age_rows(650)
    reconciling.sweep(tiger)
    assert state(order_id) == ("FAILED", "abandoned", None)
    reconciling.sweep(tiger)
    order = Order.objects.select_related("loss").get(pk=order_id)
    assert (order.activation_id, order.cancel_upstream_at is not None) == ("700000001", True)
    assert (order.status, order.loss.void_at is not None, shopper.balance()) == ("FAILED", True, 2500)


def test_a_list_that_lacks_our_open_numbers_is_no_proof(
    shopper: Shopper, tiger: Provider, second_page: SecondPage
) -> None:
    """A provider that answers with an empty page where something fails inside."""
    order_id = held(shopper, "sold_then_close")
    known = [shopper.buy()["id"] for _ in range(2)]
    fill_a_page(shopper, tiger)
    second_page.fault = Fault("reply", body=EMPTY)
    age_rows(20)
    for _ in range(3):
        reconciling.sweep(tiger)
    assert {state(each)[0] for each in known} == {"WAITING"}
    assert state(order_id) == ("WAITING", "unknown", None)


def test_an_empty_list_while_orders_are_open_is_no_proof(shopper: Shopper, tiger: Provider) -> None:
    order_id = held(shopper, "sold_then_close")
    shopper.buy()
    shopper.sandbox.fail("getActiveActivations", "reply", body=EMPTY, times=3)
    age_rows(20)
    for _ in range(3):
        reconciling.sweep(tiger)
    assert state(order_id) == ("WAITING", "unknown", None)
    reconciling.sweep(tiger)
    assert state(order_id) == ("WAITING", "bought", "700000001")


def told_again(shopper: Shopper, order_id: str) -> str:
    """The provider sells the number of an order a second time."""
    order = Order.objects.get(pk=order_id)
    reply = {"activationId": order.activation_id, "phoneNumber": (order.phone or "").removeprefix("+")}
    shopper.sandbox.fail("getNumberV2", "reply", body=json.dumps(reply))
    told: dict[str, Any] = shopper.api.post("/orders", WISH).json()
    assert told["code"] == "OUTCOME_UNKNOWN"
    return str(told["orderId"])


def test_the_same_number_sold_twice_stays_with_the_first_and_the_second_is_refunded(shopper: Shopper) -> None:
    first = shopper.buy()["id"]
    second = told_again(shopper, first)
    reconcile(times=2)
    assert state(first) == ("WAITING", "bought", "700000001")
    assert state(second) == ("FAILED", "abandoned", None)
    assert shopper.balance() == 2500 - 39


def test_the_same_number_sold_twice_over_a_cancelled_order_goes_to_nobody(shopper: Shopper) -> None:
    first = shopper.buy()["id"]
    shopper.api.post(f"/orders/{first}/cancel")
    second = told_again(shopper, first)
    reconcile(times=2)
    assert (state(first)[2], state(second)) == ("700000001", ("FAILED", "abandoned", None))
    assert shopper.balance() == 2500


def test_a_number_that_was_sold_and_refused_at_once_is_left_to_ops(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that says 429 after it has sold lies: nothing of ours explains the number."""
    monkeypatch.setattr("catalog.upstream.adapter._PAUSE_SECONDS", 0.01)
    shopper.sandbox.fail("getNumberV2", "sold_then_429")
    assert shopper.api.post("/orders", WISH).json()["code"] == "UPSTREAM_UNAVAILABLE"
    shopper.buy()
    reconcile(times=3)
    stray = StrayActivation.objects.get(settled_at=None)
    assert (stray.activation_id, shopper.balance()) == ("700000001", 2500 - 39)


def test_a_number_of_ops_that_was_listed_before_our_call_stays_theirs(shopper: Shopper, provider: Provider) -> None:
    upstream_for(provider).buy("tg", 7, None)
    shopper.buy()
    reconciling.sweep(provider)
    age_rows(60)
    order_id = held(shopper, "close")
    sent(order_id, 25)
    for _ in range(3):
        reconciling.sweep(provider)
    assert state(order_id) == ("FAILED", "abandoned", None)
    assert StrayActivation.objects.get(settled_at=None).activation_id == "700000001"


def test_a_number_of_ops_that_an_idle_shop_saw_stays_theirs(shopper: Shopper, provider: Provider) -> None:
    upstream_for(provider).buy("tg", 7, None)
    reconciling.sweep(provider)
    age_rows(600)
    order_id = held(shopper, "close")
    reconcile(times=3)
    assert state(order_id) == ("FAILED", "abandoned", None)


def test_a_number_of_ops_bought_right_after_our_lost_call_is_taken_for_ours(
    shopper: Shopper, provider: Provider
) -> None:
    """Pair and time fit, and nothing else tells them apart. Whoever shares our account there has to know."""
    order_id = held(shopper, "close")
    upstream_for(provider).buy("tg", 7, None)
    reconcile()
    assert state(order_id) == ("WAITING", "bought", "700000001")


def test_a_reply_for_an_order_whose_number_was_taken_finds_the_other(shopper: Shopper, provider: Provider) -> None:
    """Two lost calls and one late reply: each order ends with one of the two numbers."""
    first, second = held(shopper, "sold_then_close"), held(shopper, "sold_then_close")
    reconcile()
    owned = {state(first)[2], state(second)[2]}
    late = next(row for row in upstream_for(provider).active() if row.activation_id == state(second)[2])
    assert not buying.settle_bought(first, late)  # type: ignore[arg-type]
    assert owned == {"700000001", "700000002"}
