"""What GET /orders/:id shows as the provider's side moves; no worker runs in these tests."""

import json
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from accounts.models import User
from catalog.models import Provider
from orders.models import Order, Sms, UpstreamAttempt
from orders.services import reconciling, syncing
from tests.conftest import Shopper, api_of, data, error, expire, stale


def test_polling_alone_brings_the_code(shopper: Shopper) -> None:
    order = shopper.buy()
    shopper.deliver(order["id"], "Telegram code 12345")
    seen = shopper.order(order["id"])
    assert (seen["status"], seen["smsBody"]) == ("RECEIVED", "Telegram code 12345")
    assert [sms["body"] for sms in seen["smsHistory"]] == ["Telegram code 12345"]
    assert seen["smsReceivedAt"] == seen["smsHistory"][0]["receivedAt"]
    assert seen["refundedCents"] == "0"


def test_the_provider_is_asked_at_most_every_three_seconds(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    stale(order_id)
    for _ in range(5):
        data(shopper.api.get(f"/orders/{order_id}"))
    assert shopper.sandbox.log.counts()["getStatusV2"] == 1


def test_a_silent_provider_leaves_the_stored_state(shopper: Shopper) -> None:
    order = shopper.buy()
    shopper.sandbox.fail("getStatusV2", "502", times=None)
    assert shopper.order(order["id"]) == order


def test_a_strangers_order_is_not_found(shopper: Shopper, carol: User) -> None:
    order_id = shopper.buy()["id"]
    stranger = api_of(carol)
    for path in ("", "/cancel", "/next-sms"):
        call = stranger.post if path else stranger.get
        assert error(call(f"/orders/{order_id}{path}")) == (404, "NOT_FOUND")


@pytest.mark.parametrize("text", ['say "hi"\\', "two\nlines", "emoji 🎉 café", "a:b:c", "<script>", "00123"])
def test_any_text_comes_through_unchanged(shopper: Shopper, text: str) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, text)
    assert shopper.order(order_id)["smsBody"] == text


def test_next_sms_waits_again_on_the_same_number(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "first 1111")
    shopper.order(order_id)
    reply = data(shopper.api.post(f"/orders/{order_id}/next-sms"))
    assert reply == {"id": order_id, "status": "WAITING"}
    waiting = shopper.order(order_id)
    assert (waiting["status"], waiting["smsBody"], waiting["smsReceivedAt"]) == ("WAITING", None, None)
    assert len(waiting["smsHistory"]) == 1
    shopper.sandbox.advance(5)
    shopper.deliver(order_id, "second 2222")
    again = shopper.order(order_id)
    assert [sms["body"] for sms in again["smsHistory"]] == ["first 1111", "second 2222"]
    assert (again["status"], again["smsBody"]) == ("RECEIVED", "second 2222")
    assert shopper.balance() == 2500 - 39


def test_the_same_code_twice_is_two_sms(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "code 1111")
    shopper.order(order_id)
    shopper.api.post(f"/orders/{order_id}/next-sms")
    shopper.sandbox.advance(5)
    shopper.deliver(order_id, "code 1111")
    assert len(shopper.order(order_id)["smsHistory"]) == 2


def test_next_sms_is_refused_before_the_first_code_and_after_the_end(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    assert error(shopper.api.post(f"/orders/{order_id}/next-sms")) == (400, "NO_CODE_YET")
    shopper.deliver(order_id, "code 1111")
    shopper.order(order_id)
    expire(order_id, 1)
    assert error(shopper.api.post(f"/orders/{order_id}/next-sms")) == (400, "EXPIRED")
    assert Order.objects.get(pk=order_id).status == "RECEIVED"


def test_an_unclear_next_sms_stays_received_and_is_read_again(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "code 1111")
    shopper.order(order_id)
    shopper.sandbox.fail("setStatus", "sold_then_close")
    assert error(shopper.api.post(f"/orders/{order_id}/next-sms")) == (503, "UPSTREAM_UNAVAILABLE")
    assert Order.objects.get(pk=order_id).status == "RECEIVED"
    before = shopper.sandbox.log.counts().get("getStatusV2", 0)
    assert data(shopper.api.post(f"/orders/{order_id}/next-sms"))["status"] == "WAITING"
    assert shopper.sandbox.log.counts()["getStatusV2"] == before + 1


def test_without_an_sms_the_end_refunds_after_the_grace(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    expire(order_id, 30)
    assert data(shopper.api.get(f"/orders/{order_id}"))["status"] == "WAITING"
    expire(order_id, 61)
    ended = data(shopper.api.get(f"/orders/{order_id}"))
    assert (ended["status"], ended["refundedCents"]) == ("FAILED", "39")
    assert shopper.balance() == 2500
    assert error(shopper.api.post(f"/orders/{order_id}/next-sms")) == (400, "ALREADY_CHANGED")


def test_a_code_in_the_last_second_is_found_by_the_last_look(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "code 1111")
    expire(order_id, 61)
    assert syncing.end_due_orders() == 1
    order = data(shopper.api.get(f"/orders/{order_id}"))
    assert (order["status"], order["smsBody"], order["refundedCents"]) == ("COMPLETED", "code 1111", "0")
    assert "completedAt" in order


def test_waiting_again_at_the_end_is_completed_with_the_newest_sms(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "code 1111")
    shopper.order(order_id)
    shopper.api.post(f"/orders/{order_id}/next-sms")
    expire(order_id, 61)
    syncing.end_due_orders()
    order = data(shopper.api.get(f"/orders/{order_id}"))
    assert (order["status"], order["smsBody"]) == ("COMPLETED", "code 1111")


def test_a_number_withdrawn_by_the_provider_is_failed_and_refunded(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.sandbox.shop.withdraw(700_000_001)
    assert shopper.order(order_id)["status"] == "FAILED"
    assert shopper.balance() == 2500


def test_the_sweep_brings_codes_with_one_call_for_all(shopper: Shopper, provider: Provider) -> None:
    ids = [shopper.buy()["id"] for _ in range(5)]
    for order_id in ids[:3]:
        shopper.deliver(order_id, f"code {order_id[-4:]}")
    reconciling.sweep(provider)
    assert Order.objects.filter(status="RECEIVED").count() == 3
    assert shopper.sandbox.log.counts()["getActiveActivations"] == 1
    assert shopper.sandbox.log.counts().get("getStatusV2", 0) == 0


def test_an_sms_seen_by_list_poll_and_push_is_one(shopper: Shopper, provider: Provider) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "code 1111")
    reconciling.sweep(provider)
    shopper.order(order_id)
    push(provider, {"activationId": "700000001", "text": "code 1111", "receivedAt": "2026-01-01T12:00:00"})
    reconciling.sweep(provider)
    assert Sms.objects.count() == 1


def push(provider: Provider, body: object, secret: str = "") -> int:
    path = f"/api/push/{secret or provider.push_secret}"
    return Client().post(path, json.dumps(body), content_type="application/json").status_code


PUSHED = {
    "activationId": 700000001,
    "service": "tg",
    "text": "code 9",
    "code": "9",
    "country": 7,
    "receivedAt": "2026",
}


def test_a_push_shows_at_once_and_a_repeat_writes_nothing(shopper: Shopper, provider: Provider) -> None:
    order_id = shopper.buy()["id"]
    assert [push(provider, PUSHED), push(provider, PUSHED)] == [200, 200]
    order = data(shopper.api.get(f"/orders/{order_id}"))
    assert (order["status"], order["smsBody"], len(order["smsHistory"])) == ("RECEIVED", "code 9", 1)


def test_a_push_to_the_wrong_address_is_not_found(shopper: Shopper, provider: Provider) -> None:
    shopper.buy()
    assert push(provider, PUSHED, secret="guess") == 404
    Provider.objects.update(push_addresses="84.32.223.53, 185.138.88.87")
    assert push(provider, PUSHED) == 404
    assert not Sms.objects.exists()


@pytest.mark.parametrize("body", [[], "x", {"text": "no id"}, {"activationId": "1", "text": "a\0b"}])
def test_a_malformed_push_is_refused(provider: Provider, body: object) -> None:
    assert push(provider, body) == 400


@pytest.mark.parametrize("text", [None, "", 5])
def test_a_push_without_an_sms_or_for_a_stranger_changes_nothing(provider: Provider, text: object) -> None:
    assert push(provider, {"activationId": "1", "text": text, "code": None}) == 200
    assert not Sms.objects.exists()


def test_the_sweep_asks_alone_for_what_the_list_lacks(shopper: Shopper, provider: Provider) -> None:
    kept, gone = (shopper.buy()["id"] for _ in range(2))
    shopper.sandbox.shop.withdraw(700_000_002)
    Order.objects.update(bought_at=Now() - timedelta(seconds=9))
    stale(gone)
    reconciling.sweep(provider)
    assert Order.objects.get(pk=kept).status == "WAITING"
    assert Order.objects.get(pk=gone).status == "FAILED"
    assert shopper.sandbox.log.counts()["getStatusV2"] == 1


def test_the_sweep_asks_alone_for_what_the_list_calls_ended(shopper: Shopper, provider: Provider) -> None:
    order_id = shopper.buy()["id"]
    shopper.sandbox.shop.withdraw(700_000_001)
    row = {"activationId": "700000001", "serviceCode": "tg", "phoneNumber": "60123456789", "activationStatus": "8"}
    shopper.sandbox.fail("getActiveActivations", "reply", body=json.dumps({"status": "success", "data": [row]}))
    Order.objects.update(bought_at=Now() - timedelta(seconds=9))
    stale(order_id)
    reconciling.sweep(provider)
    assert Order.objects.get(pk=order_id).status == "FAILED"


def test_where_nothing_can_be_listed_each_order_is_asked_about(shopper: Shopper, provider: Provider) -> None:
    order_id = shopper.buy()["id"]
    Provider.objects.update(dialect="smshub")
    provider.refresh_from_db()
    shopper.deliver(order_id, "code 1111")
    stale(order_id)
    reconciling.sweep(provider)
    assert Order.objects.get(pk=order_id).status == "RECEIVED"
    assert shopper.sandbox.log.counts().get("getActiveActivations", 0) == 0


def test_where_nothing_can_be_listed_an_unknown_purchase_is_refunded_after_two_minutes(
    shopper: Shopper, provider: Provider
) -> None:
    Provider.objects.update(dialect="smshub")
    shopper.sandbox.fail("getNumber", "close")
    order_id = shopper.api.post("/orders", {"service": "tg", "country": 7}).json()["orderId"]
    provider.refresh_from_db()
    UpstreamAttempt.objects.update(sent_at=Now() - timedelta(seconds=110))
    reconciling.sweep(provider)
    assert Order.objects.get(pk=order_id).status == "WAITING"
    UpstreamAttempt.objects.update(sent_at=Now() - timedelta(seconds=121))
    reconciling.sweep(provider)
    assert Order.objects.get(pk=order_id).status == "FAILED"
    assert shopper.balance() == 2500
