"""Whose number is it, where replies come late, sweeps overlap and lists lag."""

import threading
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.postgres.functions import TransactionNow
from django.db import connection
from django.db.models.functions import Now

from catalog.models import Provider
from catalog.services.providers import upstream_for
from catalog.upstream.adapter import SmsActivate
from catalog.upstream.errors import Unclear
from catalog.upstream.types import Activation
from orders.models import Order, Outcome, StrayActivation, UpstreamAttempt
from orders.services import buying, reconciling
from tests.conftest import WISH, Shopper, data, error
from tests.orders.test_buying import reconcile

MINE = Activation("700000001", "+60111111111", Decimal("0.30"), None)
OTHER = Activation("700000002", "+60122222222", Decimal("0.30"), None)


def held(shopper: Shopper, fault: str) -> str:
    """A reserved order whose purchase ended unclear; its id."""
    shopper.sandbox.fail("getNumberV2", fault)
    order_id: str = shopper.api.post("/orders", WISH).json()["orderId"]
    return order_id


def sent(order_id: str, seconds_ago: float) -> None:
    """By the clock that the sweep goes by, which stands still in a test that is one transaction."""
    UpstreamAttempt.objects.filter(order=order_id).update(sent_at=TransactionNow() - timedelta(seconds=seconds_ago))


def in_flight(order_id: str, seconds_ago: float) -> None:
    UpstreamAttempt.objects.filter(order=order_id).update(outcome=Outcome.IN_FLIGHT)
    sent(order_id, seconds_ago)


def state(order_id: str) -> tuple[str, str, str | None]:
    order = Order.objects.select_related("attempt").get(pk=order_id)
    return order.status, order.attempt.outcome, order.activation_id


def test_a_second_number_never_pushes_out_the_first(shopper: Shopper) -> None:
    order_id = held(shopper, "close")
    assert buying.settle_bought(order_id, MINE)
    assert not buying.settle_bought(order_id, OTHER)
    assert state(order_id) == ("WAITING", "bought", "700000001")


def test_the_same_number_twice_leaves_the_end_where_it_was(shopper: Shopper) -> None:
    order_id = held(shopper, "close")
    buying.settle_bought(order_id, MINE)
    Order.objects.update(expires_at=Now() + timedelta(minutes=3))
    expires_at = Order.objects.get().expires_at
    assert buying.settle_bought(order_id, MINE)
    assert Order.objects.get().expires_at == expires_at


def test_a_number_settled_meanwhile_is_not_called_missing(shopper: Shopper) -> None:
    order_id = held(shopper, "close")
    buying.settle_bought(order_id, MINE)
    buying.fail_reserved(order_id, Outcome.ABANDONED, "")
    assert state(order_id) == ("WAITING", "bought", "700000001")


def test_an_unclear_end_of_a_call_does_not_unsettle_what_the_sweep_settled(shopper: Shopper) -> None:
    def adopted_meanwhile(attempt: UpstreamAttempt) -> Activation:
        buying.settle_bought(attempt.order_id, MINE)
        raise Unclear("TIMEOUT")

    with patch("orders.services.buying._call", adopted_meanwhile):
        order_id = shopper.api.post("/orders", WISH).json()["orderId"]
    assert state(order_id) == ("WAITING", "bought", "700000001")


def test_a_reply_after_the_refund_gives_the_number_back(shopper: Shopper) -> None:
    order_id = held(shopper, "close")
    buying.fail_reserved(order_id, Outcome.ABANDONED, "")
    assert buying.settle_bought(order_id, MINE)
    assert state(order_id) == ("FAILED", "bought", "700000001")
    assert Order.objects.get().cancel_upstream_at is not None
    assert shopper.balance() == 2500


def test_a_list_that_holds_a_possible_number_is_not_clean(shopper: Shopper, provider: Provider) -> None:
    first = held(shopper, "sold_then_close")
    sent(first, 25)
    running = held(shopper, "close")
    in_flight(running, 5)
    for _ in range(3):
        reconciling.sweep(provider)
    assert state(first) == ("WAITING", "unknown", None)
    sent(running, 20)
    reconciling.sweep(provider)
    assert state(first) == ("WAITING", "bought", "700000001")


def test_a_call_sent_after_the_number_was_seen_does_not_hold_up_its_adoption(
    shopper: Shopper, provider: Provider
) -> None:
    first = held(shopper, "sold_then_close")
    sent(first, 40)
    running = held(shopper, "close")
    in_flight(running, 5)
    reconciling.sweep(provider)
    assert state(first)[2] is None
    StrayActivation.objects.update(first_seen_at=Now() - timedelta(seconds=10))
    reconciling.sweep(provider)
    assert state(first) == ("WAITING", "bought", "700000001")


def test_a_number_goes_to_an_order_that_still_waits_for_one(shopper: Shopper) -> None:
    given_up = held(shopper, "close")
    data(shopper.api.post(f"/orders/{given_up}/cancel"))
    waiting = held(shopper, "sold_then_close")
    reconcile()
    assert state(waiting) == ("WAITING", "bought", "700000001")
    assert state(given_up) == ("CANCELLED", "abandoned", None)


def test_a_number_that_the_list_shows_only_after_the_refund_is_given_back(shopper: Shopper, provider: Provider) -> None:
    order_id = held(shopper, "sold_then_close")
    with patch.object(SmsActivate, "active", return_value=[]), patch.object(SmsActivate, "history", return_value=[]):
        reconcile(times=2)
    assert state(order_id) == ("FAILED", "abandoned", None)
    reconciling.sweep(provider)
    assert state(order_id) == ("FAILED", "bought", "700000001")
    assert Order.objects.get(pk=order_id).cancel_upstream_at is not None
    assert shopper.balance() == 2500


def test_a_number_long_after_a_refund_is_left_to_ops(shopper: Shopper, provider: Provider) -> None:
    order_id = held(shopper, "close")
    reconcile(times=2)
    sent(order_id, 130)
    shopper.buy()
    upstream_for(provider).buy("tg", 7, Decimal("0.30"))
    reconciling.sweep(provider)
    assert state(order_id) == ("FAILED", "abandoned", None)


def test_a_number_kept_in_the_history_holds_the_charge_for_two_minutes(shopper: Shopper, provider: Provider) -> None:
    shopper.sandbox.advance(time.time() - shopper.sandbox.shop.clock.now())
    order_id = held(shopper, "sold_then_close")
    shopper.sandbox.shop.deliver(700_000_001, "code 1111")
    shopper.sandbox.shop.finish(700_000_001)
    reconcile(times=3)
    assert state(order_id) == ("WAITING", "unknown", None)
    sent(order_id, 121)
    reconciling.sweep(provider)
    assert state(order_id) == ("FAILED", "abandoned", None)
    assert shopper.balance() == 2500


def test_a_number_listed_before_its_reply_came_is_no_open_case(shopper: Shopper, provider: Provider) -> None:
    def list_while_in_flight(attempt: UpstreamAttempt) -> Activation:
        bought = upstream_for(provider).buy("tg", 7, Decimal("0.30"))
        reconciling.sweep(provider)
        return bought

    with patch("orders.services.buying._call", list_while_in_flight):
        shopper.buy()
    reconciling.sweep(provider)
    assert not StrayActivation.objects.filter(settled_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_are_one_clean_list(shopper: Shopper, provider: Provider) -> None:
    order_id = held(shopper, "close")
    sent(order_id, 25)
    plain = SmsActivate.active

    def with_a_sweep_beside(adapter: SmsActivate) -> Any:
        if threading.current_thread() is threading.main_thread():
            beside = threading.Thread(target=sweep_and_leave)
            beside.start()
            beside.join()
        return plain(adapter)

    def sweep_and_leave() -> None:
        try:
            reconciling.sweep(provider)
        finally:
            connection.close()

    with patch.object(SmsActivate, "active", with_a_sweep_beside):
        reconciling.sweep(provider)
    assert state(order_id) == ("WAITING", "unknown", None)


def test_a_cap_is_never_under_what_the_provider_asks(shopper: Shopper, provider: Provider) -> None:
    """1.08 dollars a unit: an offer of 0.516923 units, kept as $0.5583."""
    Provider.objects.update(usd_rate=Decimal("1.08"))
    attempt = UpstreamAttempt(provider=provider, service_id="tg", country_id=7, max_cost=Decimal("0.5583"))
    with patch.object(SmsActivate, "buy") as buy:
        buying._call(attempt)
    assert buy.call_args.args[2] >= Decimal("0.516923")


def test_a_code_that_the_provider_has_but_does_not_show_refuses_the_cancel(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.sandbox.advance(121)
    shopper.sandbox.fail("setStatus", "refuse", word="OTP_RECEIVED")
    shopper.sandbox.fail("getStatusV2", "502")
    assert error(shopper.api.post(f"/orders/{order_id}/cancel")) == (400, "CODE_RECEIVED")
    assert shopper.balance() == 2500 - 39
    shopper.deliver(order_id, "code 1111")
    assert shopper.order(order_id)["smsBody"] == "code 1111"
