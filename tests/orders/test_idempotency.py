from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import connection
from django.db.models.functions import Now

from accounts.models import User
from catalog.models import Provider
from catalog.services.providers import resume_provider
from orders.models import IdempotentCall, Order
from tests.conftest import WISH, Shopper, api_of, data, error
from tests.orders.test_buying import reconcile


def test_a_repeat_gives_the_first_replys_bytes(shopper: Shopper) -> None:
    first = shopper.api.post("/orders", WISH, Idempotency_Key="k1")
    shopper.deliver(first.json()["data"]["id"], "code 1")
    shopper.order(first.json()["data"]["id"])
    again = shopper.api.post("/orders", WISH, Idempotency_Key="k1")
    assert again.content == first.content
    assert (again["Idempotent-Replayed"], "Idempotent-Replayed" in first) == ("true", False)
    assert shopper.balance() == 2500 - 39


def test_keys_of_one_account_share_one_space(shopper: Shopper, alice: User) -> None:
    first = shopper.api.post("/orders", WISH, Idempotency_Key="k1")
    assert api_of(alice).post("/orders", WISH, Idempotency_Key="k1").content == first.content


def test_another_account_has_its_own_keys(shopper: Shopper, carol: User) -> None:
    shopper.api.post("/orders", WISH, Idempotency_Key="k1")
    assert "Idempotent-Replayed" not in api_of(carol).post("/orders", WISH, Idempotency_Key="k1")
    assert Order.objects.count() == 2


def test_another_request_under_the_same_key_is_a_mismatch(shopper: Shopper) -> None:
    shopper.api.post("/orders", WISH, Idempotency_Key="k1")
    response = shopper.api.post("/orders", {"service": "tg", "country": "my"}, Idempotency_Key="k1")
    assert error(response) == (400, "IDEMPOTENCY_MISMATCH")
    assert Order.objects.count() == 1


def test_the_order_of_fields_is_no_other_request(shopper: Shopper) -> None:
    shopper.api.post("/orders", {"service": "tg", "country": 7}, Idempotency_Key="k1")
    again = shopper.api.post("/orders", {"country": 7, "service": "tg"}, Idempotency_Key="k1")
    assert again["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
def test_a_malformed_key_is_refused(shopper: Shopper, key: str) -> None:
    assert error(shopper.api.post("/orders", WISH, Idempotency_Key=key)) == (400, "BAD_REQUEST")


def test_a_refusal_is_not_kept(shopper: Shopper, provider: Provider) -> None:
    shopper.sandbox.fail("getNumberV2", "refuse", word="NO_BALANCE")
    refused = shopper.api.post("/orders", WISH, Idempotency_Key="k1")
    assert error(refused) == (503, "UPSTREAM_UNAVAILABLE")
    resume_provider(provider.pk)
    assert data(shopper.api.post("/orders", WISH, Idempotency_Key="k1"))["status"] == "WAITING"


def test_an_unknown_outcome_is_replaced_by_the_settled_reply(shopper: Shopper) -> None:
    shopper.sandbox.fail("getNumberV2", "sold_then_close")
    unknown = shopper.api.post("/orders", WISH, Idempotency_Key="k1")
    again = shopper.api.post("/orders", WISH, Idempotency_Key="k1")
    assert error(unknown) == (503, "OUTCOME_UNKNOWN")
    assert again.content == unknown.content
    reconcile()
    settled = shopper.api.post("/orders", WISH, Idempotency_Key="k1")
    assert data(settled)["id"] == unknown.json()["orderId"]
    shopper.deliver(data(settled)["id"], "code 1")
    shopper.order(data(settled)["id"])
    assert shopper.api.post("/orders", WISH, Idempotency_Key="k1").content == settled.content
    assert shopper.sandbox.log.counts()["getNumberV2"] == 1


def test_a_cancel_is_replayed(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    first = shopper.api.post(f"/orders/{order_id}/cancel", Idempotency_Key="c1")
    again = shopper.api.post(f"/orders/{order_id}/cancel", Idempotency_Key="c1")
    assert data(first) == {"id": order_id, "status": "CANCELLED"}
    assert again.content == first.content


def test_next_sms_is_replayed_and_asks_the_provider_once(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "code 1")
    shopper.order(order_id)
    first = shopper.api.post(f"/orders/{order_id}/next-sms", Idempotency_Key="n1")
    again = shopper.api.post(f"/orders/{order_id}/next-sms", Idempotency_Key="n1")
    assert again.content == first.content
    assert shopper.sandbox.log.counts()["setStatus"] == 1


@pytest.mark.parametrize("place", ["orders.services.buying._call", "orders.services.buying.settle_bought"])
def test_a_crash_after_the_charge_buys_nothing_twice(shopper: Shopper, place: str) -> None:
    with patch(place, side_effect=SystemExit), pytest.raises(SystemExit):
        shopper.api.post("/orders", WISH, Idempotency_Key="k1")
    assert error(shopper.api.post("/orders", WISH, Idempotency_Key="k1")) == (409, "IN_PROGRESS")
    IdempotentCall.objects.update(running_until=Now())
    assert error(shopper.api.post("/orders", WISH, Idempotency_Key="k1")) == (503, "OUTCOME_UNKNOWN")
    assert Order.objects.count() == 1


def test_a_crash_before_the_charge_lets_the_retry_run(shopper: Shopper) -> None:
    with patch("orders.api.views.buy_number", side_effect=SystemExit), pytest.raises(SystemExit):
        shopper.api.post("/orders", WISH, Idempotency_Key="k1")
    assert error(shopper.api.post("/orders", WISH, Idempotency_Key="k1")) == (409, "IN_PROGRESS")
    IdempotentCall.objects.update(running_until=Now())
    assert data(shopper.api.post("/orders", WISH, Idempotency_Key="k1"))["status"] == "WAITING"
    assert Order.objects.count() == 1


def test_keys_are_forgotten_after_a_day(shopper: Shopper) -> None:
    shopper.api.post("/orders", WISH, Idempotency_Key="k1")
    IdempotentCall.objects.update(created_at=Now() - timedelta(hours=25))
    again = shopper.api.post("/orders", WISH, Idempotency_Key="k1")
    assert "Idempotent-Replayed" not in again
    assert Order.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_with_one_key_make_one_order(shopper: Shopper) -> None:
    def post(_: int) -> tuple[int, bytes]:
        try:
            response = shopper.api.post("/orders", WISH, Idempotency_Key="k1")
            return response.status_code, response.content
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as threads:
        replies = list(threads.map(post, range(50)))
    bodies = {body for status, body in replies if status == 200}
    assert {status for status, _ in replies} <= {200, 409}
    assert bodies == {shopper.api.post("/orders", WISH, Idempotency_Key="k1").content}
    assert Order.objects.count() == 1
