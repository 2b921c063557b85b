"""Fifty callers with one Idempotency-Key at the same moment, and the first of them may die on the way.

KEY_ROUNDS: how many keys are fought over at each place of death.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings

from accounts.wallet.models import Entry
from catalog.models import Provider
from jiema import failpoints
from orders.models import IdempotentCall, Order, UpstreamAttempt
from orders.services import reconciling, syncing
from orders.services.reconciling import UNSETTLED
from tests.conftest import WISH, Shopper
from tests.torture import figures
from tests.unknown.conftest import fund
from tests.unknown.together import Track, track

CALLERS = 50
LATER_CALLERS = 12
ROUNDS = int(os.environ.get("KEY_ROUNDS", "1"))
RUNNING = {(409, "IN_PROGRESS")}
UNKNOWN = {(503, "OUTCOME_UNKNOWN")}

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Death:
    """The first to come by dies; all others pass."""

    at: str | None
    deaths: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __enter__(self) -> "Death":
        if self.at:
            failpoints.armed[self.at] = self._die_once
        return self

    def __exit__(self, *_: object) -> None:
        failpoints.armed.clear()

    def _die_once(self) -> None:
        with self._lock:
            self.deaths += 1
            is_first = self.deaths == 1
        if is_first:
            raise SystemExit


@dataclass
class Replies:
    """answers: status and code of what is not the reply. bodies: the replies."""

    answers: set[tuple[int, str]] = field(default_factory=set)
    bodies: set[bytes] = field(default_factory=set)
    died: int = 0

    def add(self, got: Any) -> None:
        if got is None:
            self.died += 1
        elif got.status_code == 200:
            self.bodies.add(got.content)
        else:
            self.answers.add((got.status_code, json.loads(got.content)["code"]))


@pytest.fixture
def fight(shopper: Shopper, settings: Settings) -> Iterator[Track]:
    settings.API_WRITES_PER_WINDOW = 1_000_000
    settings.CANCEL_BRAKE_ORDERS = 0
    settings.UPSTREAM_SEATS = 100
    fund(shopper.user.pk, 39 * ROUNDS * 20)
    shopper.sandbox.shop.stock(7, "tg", None, 100_000)
    with track(CALLERS) as running:
        yield running


def all_at_once(
    fight: Track, shopper: Shopper, path: str, body: Any, key: str, callers: int = LATER_CALLERS
) -> Replies:
    def post() -> Any:
        try:
            return shopper.api.post(path, body, Idempotency_Key=key)
        except SystemExit:
            return None

    replies = Replies()
    for got in fight.run([post] * callers):
        replies.add(got)
    return replies


def wake_the_next() -> None:
    """As if whoever ran the call had been silent for longer than any call takes."""
    IdempotentCall.objects.filter(reply=None).update(running_until=Now())


def settle(provider: Provider) -> None:
    """The worker, once no purchase can be in flight any more."""
    UpstreamAttempt.objects.filter(outcome__in=UNSETTLED).update(sent_at=F("sent_at") - timedelta(seconds=20))
    for _ in range(2):
        reconciling.sweep(provider)


def charged() -> int:
    """Orders that are paid for."""
    return Order.objects.filter(refunded_cents=0).count()


# Where the first caller dies. What the provider sold then is found by the sweep; what nobody asked for is refunded.
DEATHS = [
    *(None, "idempotency.claimed", "buy.reserving", "buy.reserved", "buy.called", "buy.settling"),
    *("buy.settled", "idempotency.keeping"),
]
LEAVES_IT_OPEN = {"buy.reserved", "buy.called", "buy.settling"}


@pytest.mark.parametrize("place", DEATHS)
def test_one_key_is_one_order_and_one_reply(
    shopper: Shopper, provider: Provider, fight: Track, place: str | None
) -> None:
    for number in range(ROUNDS):
        key, before = f"{place}-{number}", charged()
        shopper.sandbox.fail("getNumberV2", "slow", seconds=0.1)
        with Death(place):
            first = all_at_once(fight, shopper, "/orders", WISH, key, CALLERS)
        assert (first.died, first.answers) == (place is not None, RUNNING)
        wake_the_next()
        second = all_at_once(fight, shopper, "/orders", WISH, key)
        assert second.answers <= (UNKNOWN if place in LEAVES_IT_OPEN else RUNNING)
        settle(provider)
        if place == "buy.reserved":
            refused = shopper.api.post("/orders", WISH, Idempotency_Key=key)
            assert (refused.status_code, refused.json()["code"]) == (503, "UPSTREAM_UNAVAILABLE")
        third = all_at_once(fight, shopper, "/orders", WISH, key)
        assert third.answers <= RUNNING
        last = shopper.api.post("/orders", WISH, Idempotency_Key=key)
        assert first.bodies | second.bodies | third.bodies == {last.content}
        assert last["Idempotent-Replayed"] == "true"
        assert charged() - before == 1
    calls = UpstreamAttempt.objects.exclude(outcome="abandoned").count()
    assert shopper.sandbox.log.count("getNumberV2") == calls == charged()
    figures.record(key_rounds=ROUNDS, key_orders_too_many=charged() - ROUNDS)


def test_the_first_reply_that_anybody_got_is_everybodys(shopper: Shopper) -> None:
    """The first caller sleeps before it keeps its reply; the code comes, and another caller is told before it."""
    told: list[bytes] = []

    def asleep() -> None:
        failpoints.armed.clear()
        order = Order.objects.select_related("provider").get()
        shopper.deliver(order.pk, "code 1111")
        syncing.poll(order)
        told.append(shopper.api.post("/orders", WISH, Idempotency_Key="k").content)

    failpoints.armed["idempotency.keeping"] = asleep
    told.append(shopper.api.post("/orders", WISH, Idempotency_Key="k").content)
    told.append(shopper.api.post("/orders", WISH, Idempotency_Key="k").content)
    assert json.loads(told[0])["data"]["status"] == "RECEIVED"
    assert told == [told[0]] * 3


@pytest.mark.parametrize(
    "place",
    [
        None,
        "idempotency.claimed",
        "cancel.given_back",
        "order.moved",
        "cancel.done",
        "idempotency.keeping",
    ],
)
def test_one_key_is_one_cancel(shopper: Shopper, fight: Track, place: str | None) -> None:
    for number in range(ROUNDS):
        order_id = shopper.buy()["id"]
        shopper.sandbox.advance(121)
        path, key = f"/orders/{order_id}/cancel", f"{place}-{number}"
        with Death(place):
            first = all_at_once(fight, shopper, path, None, key, CALLERS)
        assert first.died == (place is not None)
        wake_the_next()
        second = all_at_once(fight, shopper, path, None, key)
        last = shopper.api.post(path, Idempotency_Key=key)
        assert first.answers | second.answers <= RUNNING
        assert first.bodies | second.bodies == {last.content}
        assert Order.objects.get(pk=order_id).status == "CANCELLED"
        assert Entry.objects.filter(kind="refund", reference=f"order:{order_id}").count() == 1
    figures.record(key_rounds=ROUNDS)


@pytest.mark.parametrize("place", [None, "idempotency.claimed", "next_sms.asked", "idempotency.keeping"])
def test_one_key_is_one_wish_for_another_sms(shopper: Shopper, fight: Track, place: str | None) -> None:
    for number in range(ROUNDS):
        order_id = shopper.buy()["id"]
        shopper.deliver(order_id, "code 1111")
        shopper.order(order_id)
        path, key = f"/orders/{order_id}/next-sms", f"{place}-{number}"
        with Death(place):
            first = all_at_once(fight, shopper, path, None, key, CALLERS)
        assert first.died == (place is not None)
        wake_the_next()
        second = all_at_once(fight, shopper, path, None, key)
        last = shopper.api.post(path, Idempotency_Key=key)
        assert first.answers | second.answers <= RUNNING
        assert first.bodies | second.bodies == {last.content}
        assert Order.objects.get(pk=order_id).status == "WAITING"
    figures.record(key_rounds=ROUNDS)
