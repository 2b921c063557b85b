"""A provider that is dearer than our list says: before the purchase, with it, and in what it only tells later."""

import json
from decimal import Decimal

import pytest

from catalog.models import Offer, Provider
from jiema.alarms.models import Alarm
from orders.models import Order
from tests.conftest import WISH, Shopper, data, error
from tests.orders.test_buying import reconcile
from tests.orders.test_settling import held

DEAR = {"activationId": "900000001", "phoneNumber": "60111111111", "activationCost": 0.9, "countryCode": "7"}


def alarms() -> list[tuple[str, str]]:
    return list(Alarm.objects.values_list("code", "subject"))


@pytest.mark.parametrize(
    ("dialect", "rate", "cap"),
    [("hero", "1", "0.3"), ("smshub", "1", "0.3"), ("tiger", "0.5", "0.6"), ("grizzly", "1.08", "0.277778")],
)
def test_every_purchase_names_the_most_that_we_pay(
    shopper: Shopper, provider: Provider, dialect: str, rate: str, cap: str
) -> None:
    """In the provider's own money; rounded up, so that it is never under what the list asks."""
    Provider.objects.update(dialect=dialect, usd_rate=Decimal(rate))
    shopper.api.post("/orders", WISH)
    (call,) = [call for call in shopper.sandbox.log.calls() if call.action.startswith("getNumber")]
    assert Decimal(call.params["maxPrice"]).quantize(Decimal("0.000001")) == Decimal(cap)


def test_a_provider_that_has_become_dearer_sells_nothing_and_the_offer_follows(shopper: Shopper) -> None:
    shopper.sandbox.shop.rules.drift = Decimal("1.5")
    assert error(shopper.api.post("/orders", WISH)) == (400, "NO_NUMBERS")
    assert (Offer.objects.get().cost, shopper.balance()) == (Decimal("0.45"), 2500)
    order = data(shopper.api.post("/orders", WISH))
    assert order["chargedCents"] == "59"
    assert Order.objects.get(pk=order["id"]).paid_cost == Decimal("0.45")


def test_a_provider_that_ignores_the_cap_is_told_to_ops_and_the_customer_pays_the_price(shopper: Shopper) -> None:
    shopper.sandbox.fail("getNumberV2", "reply", body=json.dumps(DEAR))
    order = shopper.buy()
    assert (order["chargedCents"], shopper.balance()) == ("39", 2500 - 39)
    assert Order.objects.get(pk=order["id"]).paid_cost == Decimal("0.9")
    assert ("bought_above_cap", order["id"]) in alarms()


def test_a_number_found_later_that_was_dearer_is_told_too(shopper: Shopper) -> None:
    order_id = held(shopper, "sold_then_close")
    row = DEAR | {"serviceCode": "tg", "activationStatus": "4"}
    shopper.sandbox.fail("getActiveActivations", "reply", body=json.dumps({"status": "success", "data": [row]}))
    reconcile()
    order = Order.objects.get(pk=order_id)
    assert (order.activation_id, order.paid_cost) == ("900000001", Decimal("0.9"))
    assert ("bought_above_cap", order_id) in alarms()
