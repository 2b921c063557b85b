"""An SMS that comes while the customer asks for it is not wiped out by the asking."""

from unittest.mock import patch

import pytest

from catalog.models import Provider
from catalog.upstream.adapter import SmsActivate
from catalog.upstream.errors import Unclear
from catalog.upstream.types import Sms
from orders.services import pushing
from tests.conftest import Shopper, data, error


@pytest.fixture
def received(shopper: Shopper) -> str:
    """An order that has its first code; its id."""
    order_id: str = shopper.buy()["id"]
    shopper.deliver(order_id, "first 1111")
    shopper.order(order_id)
    return order_id


def test_the_next_sms_pushed_before_the_wish_is_written_down_stays(
    shopper: Shopper, provider: Provider, received: str
) -> None:
    def pushed_at_once(adapter: SmsActivate, activation_id: str) -> None:
        pushing.accept_push(provider, pushing.Push(activation_id, Sms("second 2222", "k2")))

    with patch.object(SmsActivate, "next_sms", pushed_at_once):
        reply = data(shopper.api.post(f"/orders/{received}/next-sms"))
    assert reply == {"id": received, "status": "WAITING"}
    order = data(shopper.api.get(f"/orders/{received}"))
    assert (order["status"], order["smsBody"]) == ("RECEIVED", "second 2222")


def test_an_sms_found_by_reading_again_is_the_next_one(shopper: Shopper, received: str) -> None:
    shopper.sandbox.fail("setStatus", "sold_then_close")
    assert error(shopper.api.post(f"/orders/{received}/next-sms")) == (503, "UPSTREAM_UNAVAILABLE")
    shopper.sandbox.advance(5)
    shopper.deliver(received, "second 2222")
    asked = shopper.sandbox.log.counts()["setStatus"]
    data(shopper.api.post(f"/orders/{received}/next-sms"))
    order = data(shopper.api.get(f"/orders/{received}"))
    assert (order["status"], order["smsBody"]) == ("RECEIVED", "second 2222")
    assert shopper.sandbox.log.counts()["setStatus"] == asked


def test_a_refusal_keeps_the_code(shopper: Shopper, received: str) -> None:
    with patch.object(SmsActivate, "next_sms", side_effect=Unclear("TIMEOUT")):
        assert error(shopper.api.post(f"/orders/{received}/next-sms")) == (503, "UPSTREAM_UNAVAILABLE")
    order = data(shopper.api.get(f"/orders/{received}"))
    assert (order["status"], order["smsBody"]) == ("RECEIVED", "first 1111")
