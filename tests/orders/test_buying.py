import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.db import OperationalError

from accounts.models import User
from catalog.models import Offer, Price, Provider
from catalog.services.pricing import set_markup
from catalog.services.providers import upstream_for
from orders.models import Order, StrayActivation, UpstreamAttempt
from orders.services import reconciling
from tests.conftest import WISH, Shopper, api_of, data, error


def test_an_order_is_charged_and_has_its_number(shopper: Shopper) -> None:
    order = shopper.buy()
    assert order["status"] == "WAITING"
    assert (order["service"], order["country"], order["chargedCents"]) == ("tg", "7", "39")
    assert re.fullmatch(r"\+60\d{7,12}", order["phone"])
    assert re.fullmatch(r"c[a-z0-9]{24}", order["id"])
    assert shopper.balance() == 2500 - 39


def test_the_order_object_is_the_same_in_create_get_and_list(shopper: Shopper) -> None:
    order = shopper.buy()
    assert list(order) == [
        "id", "status", "service", "country", "phone", "chargedCents", "refundedCents", "createdAt", "expiresAt",
        "smsBody", "smsReceivedAt", "smsHistory",
    ]  # fmt: skip
    assert data(shopper.api.get(f"/orders/{order['id']}")) == order
    assert data(shopper.api.get("/orders"))["items"] == [order]
    assert (order["refundedCents"], order["smsBody"], order["smsHistory"]) == ("0", None, [])


def test_times_are_utc_with_milliseconds_and_the_life_is_twenty_minutes(shopper: Shopper) -> None:
    order = shopper.buy()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", order["createdAt"])
    life = datetime.fromisoformat(order["expiresAt"]) - datetime.now(UTC)
    assert timedelta(minutes=19, seconds=50) < life <= timedelta(minutes=20)


@pytest.mark.parametrize("service", ["tg", "telegram"])
@pytest.mark.parametrize("country", [7, "7", "my"])
def test_codes_ids_and_slugs_name_the_same_pair(shopper: Shopper, service: str, country: object) -> None:
    order = data(shopper.api.post("/orders", {"service": service, "country": country}))
    assert (order["service"], order["country"]) == ("tg", "7")


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"service": "nope", "country": 7}, "BAD_SERVICE"),
        ({"service": "tg", "country": 999}, "BAD_COUNTRY"),
        ({"service": "tg", "country": "99999999999999999999"}, "BAD_COUNTRY"),
        ({"service": "tg", "country": "-7"}, "BAD_COUNTRY"),
        ({"service": "tg"}, "BAD_REQUEST"),
        ({"country": 7}, "BAD_REQUEST"),
        ({"service": 5, "country": 7}, "BAD_REQUEST"),
        ({"service": "tg", "country": True}, "BAD_REQUEST"),
        ({"service": "tg", "country": 7.5}, "BAD_REQUEST"),
        ({"service": "tg", "country": None}, "BAD_REQUEST"),
        ({"service": "tg", "country": [7]}, "BAD_REQUEST"),
    ],
)
def test_a_bad_wish_is_refused_and_nothing_moves(shopper: Shopper, wish: object, code: str) -> None:
    assert error(shopper.api.post("/orders", wish)) == (400, code)
    assert (shopper.balance(), Order.objects.count()) == (2500, 0)


def test_an_unknown_field_is_named(shopper: Shopper) -> None:
    response = shopper.api.post("/orders", WISH | {"maxPrice": 5})
    assert error(response) == (400, "BAD_REQUEST")
    assert b"maxPrice" in response.content


def test_without_money_nothing_is_asked_of_the_provider(bob: User, shopper: Shopper) -> None:
    assert error(api_of(bob).post("/orders", WISH)) == (400, "INSUFFICIENT")
    assert (Order.objects.count(), UpstreamAttempt.objects.count()) == (0, 0)
    assert shopper.sandbox.log.counts().get("getNumberV2", 0) == 0


def test_an_offer_without_stock_is_no_numbers(shopper: Shopper) -> None:
    Price.objects.all().delete()
    assert error(shopper.api.post("/orders", WISH)) == (400, "NO_NUMBERS")
    assert shopper.balance() == 2500


def test_a_price_above_the_guard_is_refused(shopper: Shopper) -> None:
    assert error(shopper.api.post("/orders", WISH, X_Max_Price_Cents="38")) == (400, "PRICE_CHANGED")
    assert shopper.balance() == 2500
    assert shopper.buy(X_Max_Price_Cents="39")["chargedCents"] == "39"


@pytest.mark.parametrize("guard", ["", "-1", "1.5", "x", "9" * 20])
def test_a_guard_that_is_no_number_of_cents_is_refused(shopper: Shopper, guard: str) -> None:
    assert error(shopper.api.post("/orders", WISH, X_Max_Price_Cents=guard)) == (400, "BAD_REQUEST")


def test_the_order_keeps_cost_rule_and_price_list(shopper: Shopper) -> None:
    order = Order.objects.get(pk=shopper.buy()["id"])
    price = Price.objects.get()
    assert (order.cost, order.paid_cost) == (Decimal("0.3000"), Decimal("0.3000"))
    assert order.price_rule_id == price.rule_id
    set_markup(Decimal(50))
    assert Price.objects.get().price_cents == 45
    order.refresh_from_db()
    assert order.charged_cents == 39


def test_no_stock_upstream_is_listed_as_failed_with_its_refund(shopper: Shopper) -> None:
    shopper.sandbox.shop.stock(7, "tg", None, 0)
    response = shopper.api.post("/orders", WISH)
    assert error(response) == (400, "NO_NUMBERS")
    order = data(shopper.api.get("/orders"))["items"][0]
    assert order["id"] == response.json()["orderId"]
    assert (order["status"], order["phone"], order["refundedCents"]) == ("FAILED", None, "39")
    assert shopper.balance() == 2500


def test_a_dearer_upstream_refreshes_the_offer_and_is_no_numbers(shopper: Shopper) -> None:
    shopper.sandbox.shop.stock(7, "tg", Decimal("0.50"), 10)
    assert error(shopper.api.post("/orders", WISH)) == (400, "NO_NUMBERS")
    assert Offer.objects.get().cost == Decimal("0.5000")
    assert shopper.buy()["chargedCents"] == "65"


TROUBLES = {"balance": Decimal(0), "banned_until": 9e9, "key_works": False, "max_open": 0}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_of_our_account_is_unavailable_and_refunded(shopper: Shopper, trouble: str) -> None:
    setattr(shopper.sandbox.shop.account, trouble, TROUBLES[trouble])
    response = shopper.api.post("/orders", WISH)
    assert error(response) == (503, "UPSTREAM_UNAVAILABLE")
    assert int(response["Retry-After"]) >= 1
    assert Order.objects.get().pk == response.json()["orderId"]
    assert shopper.balance() == 2500


def test_a_dead_provider_is_unavailable_and_refunded(shopper: Shopper) -> None:
    shopper.sandbox.stop()
    assert error(shopper.api.post("/orders", WISH)) == (503, "UPSTREAM_UNAVAILABLE")
    assert shopper.balance() == 2500


UNCLEAR = [
    "sold_then_close",
    "sold_then_reset",
    "cut",
    "sold_then_html",
    "sold_then_empty",
    "sold_then_error_sql",
    "sold_then_502",
]


@pytest.mark.parametrize("fault", UNCLEAR)
def test_an_unclear_purchase_is_held_then_adopted(shopper: Shopper, fault: str) -> None:
    shopper.sandbox.fail("getNumberV2", fault)
    response = shopper.api.post("/orders", WISH)
    assert error(response) == (503, "OUTCOME_UNKNOWN")
    assert "Retry-After" not in response
    held = data(shopper.api.get(f"/orders/{response.json()['orderId']}"))
    assert (held["status"], held["phone"], held["expiresAt"]) == ("WAITING", None, None)
    assert shopper.balance() == 2500 - 39
    reconcile()
    adopted = data(shopper.api.get(f"/orders/{held['id']}"))
    assert adopted["phone"].startswith("+60")
    assert shopper.sandbox.log.counts()["getNumberV2"] == 1


def reconcile(times: int = 1) -> None:
    """Sweeps after the purchase call can't be in flight any more."""
    for attempt in UpstreamAttempt.objects.all():
        UpstreamAttempt.objects.filter(pk=attempt.pk).update(sent_at=attempt.sent_at - timedelta(seconds=25))
    for _ in range(times):
        for order in Order.objects.select_related("provider"):
            reconciling.sweep(order.provider)


def test_an_unclear_purchase_that_did_not_happen_is_refunded_after_two_clean_lists(shopper: Shopper) -> None:
    shopper.sandbox.fail("getNumberV2", "close")
    order_id = shopper.api.post("/orders", WISH).json()["orderId"]
    reconcile()
    assert Order.objects.get(pk=order_id).status == "WAITING"
    reconcile()
    assert Order.objects.get(pk=order_id).status == "FAILED"
    assert shopper.balance() == 2500


def test_an_unclear_list_settles_nothing(shopper: Shopper) -> None:
    shopper.sandbox.fail("getNumberV2", "close")
    order_id = shopper.api.post("/orders", WISH).json()["orderId"]
    shopper.sandbox.fail("getActiveActivations", "cut", times=None)
    reconcile(times=4)
    assert Order.objects.get(pk=order_id).status == "WAITING"
    assert shopper.balance() == 2500 - 39


def test_a_held_order_can_be_cancelled_and_its_number_goes_back(shopper: Shopper) -> None:
    shopper.sandbox.fail("getNumberV2", "sold_then_close")
    order_id = shopper.api.post("/orders", WISH).json()["orderId"]
    assert data(shopper.api.post(f"/orders/{order_id}/cancel"))["status"] == "CANCELLED"
    assert shopper.balance() == 2500
    reconcile()
    order = Order.objects.get(pk=order_id)
    assert (order.status, order.activation_id) == ("CANCELLED", "700000001")
    assert order.cancel_upstream_at is not None


def test_next_sms_on_a_held_order_is_no_code_yet(shopper: Shopper) -> None:
    shopper.sandbox.fail("getNumberV2", "close")
    order_id = shopper.api.post("/orders", WISH).json()["orderId"]
    assert error(shopper.api.post(f"/orders/{order_id}/next-sms")) == (400, "NO_CODE_YET")


def test_a_number_that_nobody_asked_for_is_left_to_ops(shopper: Shopper, provider: Provider) -> None:
    shopper.buy()
    upstream_for(provider).buy("tg", 7, Decimal("0.30"))
    reconcile(times=2)
    assert shopper.sandbox.shop.open_count() == 2
    stray = StrayActivation.objects.get()
    assert (stray.activation_id, stray.settled_at) == ("700000002", None)


@pytest.mark.parametrize(
    "place",
    ["orders.services.buying._call", "orders.services.buying.settle_bought", "orders.selectors.order_json"],
)
def test_a_database_lost_after_the_charge_tells_the_order_and_not_to_repeat(shopper: Shopper, place: str) -> None:
    with patch(place, side_effect=OperationalError):
        response = shopper.api.post("/orders", WISH)
    assert error(response) == (503, "OUTCOME_UNKNOWN")
    assert response.json()["orderId"] == Order.objects.get().pk
    assert "Retry-After" not in response
    assert shopper.balance() == 2500 - 39
