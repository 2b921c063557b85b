"""What the contract says of orders beyond the happy road."""

import re
import threading
import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from accounts.models import User
from accounts.wallet import services as wallet
from accounts.wallet.models import Entry
from catalog.models import Offer, Provider
from catalog.upstream.types import Activation
from orders.models import Order, UpstreamAttempt
from orders.services import buying, cancelling, lifecycle, reconciling, syncing
from tests.conftest import WISH, Shopper, api_of, data, error, expire, stale
from tests.orders.test_buying import reconcile

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def received(shopper: Shopper, text: str = "code 1111") -> str:
    order_id = str(shopper.buy()["id"])
    shopper.deliver(order_id, text)
    assert shopper.order(order_id)["status"] == "RECEIVED"
    return order_id


def held(shopper: Shopper, fault: str = "close") -> str:
    shopper.sandbox.fail("getNumberV2", fault)
    return str(shopper.api.post("/orders", WISH).json()["orderId"])


def entries(order_id: str) -> list[str]:
    found = Entry.objects.filter(reference=f"order:{order_id}").order_by("pk")
    return list(found.values_list("kind", flat=True))


def test_every_time_has_milliseconds_and_z(shopper: Shopper) -> None:
    order_id = received(shopper)
    expire(order_id, 61)
    order = shopper.order(order_id)
    times = [order[name] for name in ("createdAt", "expiresAt", "smsReceivedAt", "completedAt")]
    times.append(order["smsHistory"][0]["receivedAt"])
    assert all(TIME.fullmatch(time) for time in times)


def test_the_stamps_appear_only_where_they_apply(shopper: Shopper) -> None:
    waiting, cancelled, completed = shopper.buy()["id"], shopper.buy()["id"], received(shopper)
    shopper.api.post(f"/orders/{cancelled}/cancel")
    expire(completed, 61)
    syncing.end_due_orders()
    stamps = {
        order_id: data(shopper.api.get(f"/orders/{order_id}")).keys() & {"cancelledAt", "completedAt"}
        for order_id in (waiting, cancelled, completed)
    }
    assert stamps == {waiting: set(), cancelled: {"cancelledAt"}, completed: {"completedAt"}}


def test_received_keeps_its_end_and_next_sms_does_not_move_it(shopper: Shopper) -> None:
    order_id = received(shopper)
    end = data(shopper.api.get(f"/orders/{order_id}"))["expiresAt"]
    shopper.api.post(f"/orders/{order_id}/next-sms")
    assert data(shopper.api.get(f"/orders/{order_id}"))["expiresAt"] == end


def test_next_sms_costs_nothing(shopper: Shopper) -> None:
    order_id = received(shopper)
    data(shopper.api.post(f"/orders/{order_id}/next-sms"))
    assert entries(order_id) == ["charge"]


def test_a_second_next_sms_waits_for_a_code(shopper: Shopper) -> None:
    order_id = received(shopper)
    data(shopper.api.post(f"/orders/{order_id}/next-sms"))
    assert error(shopper.api.post(f"/orders/{order_id}/next-sms")) == (400, "NO_CODE_YET")


@pytest.mark.parametrize("end", ["COMPLETED", "CANCELLED", "FAILED"])
def test_final_orders_refuse_both_verbs(shopper: Shopper, end: str) -> None:
    order_id = received(shopper) if end == "COMPLETED" else shopper.buy()["id"]
    if end == "CANCELLED":
        shopper.api.post(f"/orders/{order_id}/cancel")
    else:
        expire(order_id, 61)
    assert shopper.order(order_id)["status"] == end
    cancel = "CODE_RECEIVED" if end == "COMPLETED" else "ALREADY_CHANGED"
    assert error(shopper.api.post(f"/orders/{order_id}/cancel")) == (400, cancel)
    assert error(shopper.api.post(f"/orders/{order_id}/next-sms")) == (400, "ALREADY_CHANGED")


def test_an_order_that_is_over_is_not_asked_about(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.api.post(f"/orders/{order_id}/cancel")
    before = shopper.sandbox.log.counts().get("getStatusV2", 0)
    shopper.order(order_id)
    assert shopper.sandbox.log.counts().get("getStatusV2", 0) == before


def test_the_list_asks_nobody(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "code 1111")
    stale(order_id)
    assert data(shopper.api.get("/orders"))["items"][0]["status"] == "WAITING"
    assert shopper.sandbox.log.counts().get("getStatusV2", 0) == 0


def test_an_order_asked_about_two_seconds_ago_is_fresh(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    Order.objects.update(synced_at=Now() - timedelta(seconds=2.9))
    data(shopper.api.get(f"/orders/{order_id}"))
    assert shopper.sandbox.log.counts().get("getStatusV2", 0) == 0


@pytest.mark.django_db(transaction=True)
def test_one_of_ten_pollers_asks_and_the_others_do_not_wait(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.sandbox.fail("getStatusV2", "slow", seconds=0.7)
    stale(order_id)
    took: list[float] = []

    def poll() -> None:
        began = time.monotonic()
        data(shopper.api.get(f"/orders/{order_id}"))
        took.append(time.monotonic() - began)
        connection.close()

    threads = [threading.Thread(target=poll) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(seconds >= 0.7 for seconds in took) == 1
    assert shopper.sandbox.log.counts()["getStatusV2"] == 1


def test_the_provider_is_waited_for_a_second_by_a_poll_and_two_by_a_cancel() -> None:
    assert (syncing.POLL_SECONDS, cancelling.CANCEL_SECONDS) == (1.0, 2.0)


def test_a_poll_does_not_wait_longer(shopper: Shopper, monkeypatch: pytest.MonkeyPatch) -> None:
    order = shopper.buy()
    monkeypatch.setattr(syncing, "POLL_SECONDS", 0.2)
    shopper.sandbox.fail("getStatusV2", "slow", seconds=3)
    began = time.monotonic()
    assert shopper.order(order["id"]) == order
    assert 0.2 < time.monotonic() - began < 2


def test_a_cancel_does_not_wait_longer(shopper: Shopper, monkeypatch: pytest.MonkeyPatch) -> None:
    order_id = shopper.buy()["id"]
    monkeypatch.setattr(cancelling, "CANCEL_SECONDS", 0.2)
    shopper.sandbox.fail("setStatus", "slow", seconds=3)
    began = time.monotonic()
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    assert 0.2 < time.monotonic() - began < 2
    assert shopper.balance() == 2500


def test_a_cancel_without_call_budget_refunds_now(shopper: Shopper, monkeypatch: pytest.MonkeyPatch) -> None:
    order_id = shopper.buy()["id"]
    monkeypatch.setattr("catalog.budget.ProviderBudget.take", lambda *_: False)
    assert data(shopper.api.post(f"/orders/{order_id}/cancel"))["status"] == "CANCELLED"
    assert shopper.balance() == 2500
    assert Order.objects.get().cancel_upstream_at is not None


def test_a_purchase_without_call_budget_is_unavailable(shopper: Shopper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.budget.ProviderBudget.take", lambda *_: False)
    response = shopper.api.post("/orders", WISH)
    assert error(response) == (503, "UPSTREAM_UNAVAILABLE")
    assert shopper.sandbox.log.counts().get("getNumberV2", 0) == 0
    assert shopper.balance() == 2500


def test_a_throttling_provider_is_unavailable(shopper: Shopper) -> None:
    shopper.sandbox.fail("getNumberV2", "429")
    response = shopper.api.post("/orders", WISH)
    assert error(response) == (503, "UPSTREAM_UNAVAILABLE")
    assert int(response["Retry-After"]) >= 1


def test_a_refunded_purchase_is_listed_as_failed(shopper: Shopper) -> None:
    shopper.sandbox.fail("getNumberV2", "refuse", word="NO_BALANCE")
    order_id = shopper.api.post("/orders", WISH).json()["orderId"]
    order = data(shopper.api.get("/orders?status=FAILED"))["items"][0]
    assert (order["id"], order["phone"], order["expiresAt"]) == (order_id, None, None)
    assert (order["chargedCents"], order["refundedCents"]) == ("39", "39")
    assert entries(order_id) == ["charge", "refund"]


def test_an_unknown_outcome_tells_not_to_repeat(shopper: Shopper) -> None:
    shopper.sandbox.fail("getNumberV2", "close")
    response = shopper.api.post("/orders", WISH)
    assert "without the same Idempotency-Key" in response.json()["message"]
    assert response.json().keys() == {"ok", "code", "message", "orderId"}


def test_a_held_order_is_not_asked_about_by_polling(shopper: Shopper) -> None:
    order_id = held(shopper)
    assert shopper.order(order_id)["status"] == "WAITING"
    assert shopper.sandbox.log.counts().get("getStatusV2", 0) == 0


def test_a_held_order_is_settled_within_two_minutes(shopper: Shopper, provider: Provider) -> None:
    order_id = held(shopper)
    UpstreamAttempt.objects.update(sent_at=Now() - timedelta(seconds=119))
    reconciling.sweep(provider)
    reconciling.sweep(provider)
    assert shopper.order(order_id)["refundedCents"] == "39"


def test_a_held_order_that_was_cancelled_is_refunded_once(shopper: Shopper) -> None:
    order_id = held(shopper)
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    reconcile(times=3)
    assert error(shopper.api.post(f"/orders/{order_id}/cancel")) == (400, "ALREADY_CHANGED")
    assert entries(order_id) == ["charge", "refund"]


def test_the_life_is_the_providers_setting_where_the_reply_names_none(shopper: Shopper, provider: Provider) -> None:
    order_id = held(shopper)
    Provider.objects.update(lifetime_minutes=7)
    buying.settle_bought(order_id, Activation("1", "+60111111111", None, None))
    order = Order.objects.get()
    assert order.expires_at - order.bought_at == timedelta(minutes=7)


def test_the_life_is_counted_by_our_clock_from_the_purchase(shopper: Shopper) -> None:
    order_id = held(shopper)
    buying.settle_bought(order_id, Activation("1", "+60111111111", None, timedelta(minutes=9)))
    order = Order.objects.get()
    assert (order.expires_at, order.bought_at) == (order.bought_at + timedelta(minutes=9), lifecycle.database_now())


@pytest.mark.parametrize(("seconds", "status"), [(1, "WAITING"), (59, "WAITING"), (62, "FAILED"), (3600, "FAILED")])
def test_an_order_ends_sixty_seconds_after_its_end(shopper: Shopper, seconds: int, status: str) -> None:
    order_id = shopper.buy()["id"]
    expire(order_id, seconds)
    assert data(shopper.api.get(f"/orders/{order_id}"))["status"] == status


def test_a_code_after_the_end_and_within_the_minute_counts(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    expire(order_id, 30)
    shopper.deliver(order_id, "code 1111")
    order = shopper.order(order_id)
    assert (order["status"], order["smsBody"]) == ("RECEIVED", "code 1111")


def test_nothing_but_the_order_and_its_status_comes_back(shopper: Shopper) -> None:
    order_id = received(shopper)
    assert data(shopper.api.post(f"/orders/{order_id}/next-sms")) == {"id": order_id, "status": "WAITING"}
    other = shopper.buy()["id"]
    assert data(shopper.api.post(f"/orders/{other}/cancel")) == {"id": other, "status": "CANCELLED"}


def test_a_stranger_learns_nothing_by_limits_or_words(shopper: Shopper, carol: User) -> None:
    mine, none = shopper.buy()["id"], "c" + "0" * 24
    stranger = api_of(carol)
    replies: list[Any] = [stranger.get(f"/orders/{order_id}") for order_id in (mine, none)]
    assert replies[0].content == replies[1].content
    assert [reply["RateLimit-Limit"] for reply in replies] == ["600", "600"]


def test_the_guard_holds_against_a_change_of_price(shopper: Shopper) -> None:
    shopper.sandbox.shop.stock(7, "tg", Decimal("0.50"), 10)
    assert error(shopper.api.post("/orders", WISH, X_Max_Price_Cents="39")) == (400, "NO_NUMBERS")
    assert error(shopper.api.post("/orders", WISH, X_Max_Price_Cents="39")) == (400, "PRICE_CHANGED")
    assert Offer.objects.get().cost == Decimal("0.5000")
    assert shopper.balance() == 2500


def test_the_last_cents_buy_and_then_money_is_insufficient(shopper: Shopper, bob: User) -> None:
    wallet.adjust(bob.pk, 39, "exact", reason="test money", actor="tests")
    poor = api_of(bob)
    assert data(poor.post("/orders", WISH))["chargedCents"] == "39"
    assert data(poor.get("/account"))["balanceCents"] == "0"
    assert error(poor.post("/orders", WISH)) == (400, "INSUFFICIENT")


@pytest.mark.parametrize("limit", [1, 100])
def test_the_limits_of_a_page_are_allowed(shopper: Shopper, limit: int) -> None:
    assert data(shopper.api.get(f"/orders?limit={limit}")) == {"items": [], "nextCursor": None}


def test_twenty_is_the_pages_default(shopper: Shopper) -> None:
    ids = [shopper.buy()["id"] for _ in range(21)]
    page = data(shopper.api.get("/orders"))
    assert (len(page["items"]), page["nextCursor"]) == (20, ids[1])


def test_ids_are_milliseconds_in_base_36(shopper: Shopper) -> None:
    order = shopper.buy()
    made = int(order["id"][1:9], 36) / 1000
    assert abs(datetime.fromisoformat(order["createdAt"]).timestamp() - made) < 5
