"""Idempotency-Key on every POST: what is kept, and for whom."""

from decimal import Decimal

import pytest

from orders.models import IdempotentCall, Order, UpstreamAttempt
from tests.conftest import WISH, Shopper, data, error, expire
from tests.orders.test_buying import reconcile


@pytest.mark.parametrize("key", ["!", "~" * 255, "a/b?c=d&e#f", '"quoted"', "550e8400-e29b-41d4-a716-446655440000"])
def test_visible_ascii_up_to_255_is_a_key(shopper: Shopper, key: str) -> None:
    first = shopper.api.post("/orders", WISH, Idempotency_Key=key)
    again = shopper.api.post("/orders", WISH, Idempotency_Key=key)
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert Order.objects.count() == 1


@pytest.mark.parametrize("verb", ["cancel", "next-sms"])
@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_a_malformed_key_is_refused_on_every_verb(shopper: Shopper, verb: str, key: str) -> None:
    path = f"/orders/{shopper.buy()['id']}/{verb}"
    assert error(shopper.api.post(path, Idempotency_Key=key)) == (400, "BAD_REQUEST")
    assert Order.objects.get().status == "WAITING"


def test_keys_differ_by_case(shopper: Shopper) -> None:
    for key in ("k", "K"):
        assert "Idempotent-Replayed" not in shopper.api.post("/orders", WISH, Idempotency_Key=key)
    assert Order.objects.count() == 2


def test_one_key_for_two_paths_is_a_mismatch(shopper: Shopper) -> None:
    order_id = shopper.api.post("/orders", WISH, Idempotency_Key="k").json()["data"]["id"]
    for verb in ("cancel", "next-sms"):
        response = shopper.api.post(f"/orders/{order_id}/{verb}", Idempotency_Key="k")
        assert error(response) == (400, "IDEMPOTENCY_MISMATCH")
    assert Order.objects.get().status == "WAITING"


def test_an_empty_body_and_an_empty_object_are_one_request(shopper: Shopper) -> None:
    path = f"/orders/{shopper.buy()['id']}/cancel"
    first = shopper.api.post(path, Idempotency_Key="k")
    again = shopper.api.post(path, {}, Idempotency_Key="k")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")


def test_a_replayed_cancel_is_the_same_after_the_reply_was_lost(shopper: Shopper) -> None:
    path = f"/orders/{shopper.buy()['id']}/cancel"
    first = shopper.api.post(path, Idempotency_Key="k")
    IdempotentCall.objects.update(reply=None)
    again = shopper.api.post(path, Idempotency_Key="k")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert shopper.balance() == 2500


REFUSED = [
    (WISH | {"service": "nope"}, {}, "BAD_SERVICE"),
    (WISH | {"country": 999}, {}, "BAD_COUNTRY"),
    (WISH | {"extra": 1}, {}, "BAD_REQUEST"),
    (WISH, {"X_Max_Price_Cents": "1"}, "PRICE_CHANGED"),
]


@pytest.mark.parametrize(("wish", "headers", "code"), REFUSED)
def test_a_refusal_that_charged_nothing_keeps_no_key(
    shopper: Shopper, wish: dict[str, object], headers: dict[str, str], code: str
) -> None:
    refused = shopper.api.post("/orders", wish, Idempotency_Key="k", **headers)
    assert error(refused) == (400, code)
    assert "Idempotent-Replayed" not in refused
    assert IdempotentCall.objects.count() == 0
    assert data(shopper.api.post("/orders", WISH, Idempotency_Key="k"))["status"] == "WAITING"


def test_no_numbers_upstream_keeps_no_key(shopper: Shopper) -> None:
    shopper.sandbox.shop.stock(7, "tg", None, 0)
    assert error(shopper.api.post("/orders", WISH, Idempotency_Key="k")) == (400, "NO_NUMBERS")
    shopper.sandbox.shop.stock(7, "tg", Decimal("0.30"), 100)
    assert data(shopper.api.post("/orders", WISH, Idempotency_Key="k"))["status"] == "WAITING"
    assert [order.status for order in Order.objects.order_by("pk")] == ["FAILED", "WAITING"]


def test_a_refused_cancel_tries_anew(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "code 1111")
    for _ in range(2):
        response = shopper.api.post(f"/orders/{order_id}/cancel", Idempotency_Key="k")
        assert error(response) == (400, "CODE_RECEIVED")
        assert "Idempotent-Replayed" not in response
    assert shopper.balance() == 2500 - 39


def test_a_throttled_call_does_not_take_the_key(shopper: Shopper) -> None:
    type(shopper.user).objects.filter(pk=shopper.user.pk).update(writes_per_minute=1)
    shopper.api.post("/orders", {})
    assert error(shopper.api.post("/orders", WISH, Idempotency_Key="k")) == (429, "RATE_LIMITED")
    assert IdempotentCall.objects.count() == 0


def test_an_unknown_outcome_that_fails_lets_the_key_try_anew(shopper: Shopper) -> None:
    shopper.sandbox.fail("getNumberV2", "close")
    unknown = shopper.api.post("/orders", WISH, Idempotency_Key="k")
    reconcile(times=2)
    failed = shopper.api.post("/orders", WISH, Idempotency_Key="k")
    assert error(failed) == (503, "UPSTREAM_UNAVAILABLE")
    assert failed.json()["orderId"] == unknown.json()["orderId"]
    assert data(shopper.api.post("/orders", WISH, Idempotency_Key="k"))["id"] != unknown.json()["orderId"]
    assert UpstreamAttempt.objects.count() == 2


def test_a_replay_shows_the_first_reply_after_the_order_ended(shopper: Shopper) -> None:
    first = shopper.api.post("/orders", WISH, Idempotency_Key="k")
    order_id = data(first)["id"]
    expire(order_id, 61)
    assert data(shopper.api.get(f"/orders/{order_id}"))["status"] == "FAILED"
    assert shopper.api.post("/orders", WISH, Idempotency_Key="k").content == first.content


def test_the_guard_is_no_part_of_the_fingerprint(shopper: Shopper) -> None:
    first = shopper.api.post("/orders", WISH, Idempotency_Key="k", X_Max_Price_Cents="39")
    assert shopper.api.post("/orders", WISH, Idempotency_Key="k").content == first.content
