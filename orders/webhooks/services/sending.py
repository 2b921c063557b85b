"""Deliveries that are due are sent: several endpoints at once, each one of them by one delivery at a time.

One worker sends at any time, so that customers' servers that hang never keep the orders waiting. It holds no
transaction while it does, and its threads see no database. Whoever dies over it leaves an endpoint busy for half a
minute; then the next tick sends again. So a delivery may arrive twice, with the same id.
"""

import random
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from orders.webhooks.models import TRIES, Attempt, Delivery, Endpoint, Off, State
from orders.webhooks.sealing import Unreadable, sign, unseal
from orders.webhooks.selectors import due
from orders.webhooks.services.switching import switch_off
from orders.webhooks.wire import TOTAL_SECONDS, Line, Outcome, Trouble

AT_ONCE = 16
SECONDS_AT_MOST = 10.0
SEAT_SECONDS = 30
LEASE = timedelta(seconds=30)
LOOK_AGAIN_SECONDS = 0.2
# Seconds after the first failure, the second, …: 24 hours in all.
WAITS = (5, 30, 120, 600, 1800, 5400, 14_400, 25_200, 37_800)
JITTER = 0.1
FAILING_FOR = timedelta(days=3)
GONE = 410
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery on its way. since: on the monotonic clock."""

    delivery_id: str
    endpoint_id: str
    url: str
    body: str
    at: int
    signature: str
    since: float

    @property
    def headers(self) -> dict[str, str]:
        return headers(self.delivery_id, self.at, self.signature)


def headers(message_id: str, at: int, signature: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "jiema-webhooks/1",
        "Connection": "close",
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": signature,
    }


def send_due(line: Line | None = None) -> int:
    """How many were delivered. Returns at once where another worker is sending."""
    if not cache.add("webhooks:sender", 1, timeout=SEAT_SECONDS):
        return 0
    pool = ThreadPoolExecutor(AT_ONCE, "webhooks")
    try:
        return _send(pool, line or Line(is_laptop=settings.DEBUG))
    finally:
        # One that waits for a resolver is not waited for.
        pool.shutdown(wait=False, cancel_futures=True)
        cache.delete("webhooks:sender")


def _send(pool: ThreadPoolExecutor, line: Line) -> int:
    """Nothing new is begun after ten seconds; the rest is of the next tick."""
    ends = time.monotonic() + SECONDS_AT_MOST
    delivered = 0
    flights: dict[Future[Outcome], Parcel] = {}
    while True:
        while len(flights) < AT_ONCE and time.monotonic() < ends and (parcel := _claim()):
            flight = pool.submit(line.post, parcel.url, parcel.headers, parcel.body.encode())
            flights[flight] = parcel
        if not flights:
            return delivered
        wait(flights, LOOK_AGAIN_SECONDS, FIRST_COMPLETED)
        for flight in [each for each in flights if each.done() or _is_lost(flights[each])]:
            outcome = flight.result() if flight.done() else Outcome(None, Trouble.TIMEOUT)
            delivered += _settle(flights.pop(flight), outcome)


def _is_lost(parcel: Parcel) -> bool:
    return time.monotonic() - parcel.since > TOTAL_SECONDS + 1


def _claim() -> Parcel | None:
    """The delivery that is due the longest, its endpoint ours for half a minute; None where there is none."""
    while True:
        delivery = _take()
        if delivery is None:
            return None
        try:
            return _pack(delivery)
        except Unreadable:
            log.error("webhook_secret_unreadable", endpoint=delivery.endpoint_id)
            _settle(_unsigned(delivery), Outcome(None, Trouble.SECRET))


@transaction.atomic
def _take() -> Delivery | None:
    free = due().select_related("endpoint").select_for_update(skip_locked=True, no_key=True, of=("self", "endpoint"))
    delivery = free.first()
    if delivery:
        Endpoint.objects.filter(pk=delivery.endpoint_id).update(busy_until=Now() + LEASE)
    return delivery


def _pack(delivery: Delivery) -> Parcel:
    at, body = int(time.time()), delivery.body or ""
    signature = sign(_keys(delivery.endpoint), delivery.pk, at, body)
    return Parcel(delivery.pk, delivery.endpoint_id, delivery.endpoint.url, body, at, signature, time.monotonic())


def _unsigned(delivery: Delivery) -> Parcel:
    return Parcel(delivery.pk, delivery.endpoint_id, delivery.endpoint.url, "", int(time.time()), "", time.monotonic())


def _keys(endpoint: Endpoint) -> list[str]:
    """While a secret is being replaced, both. Raises Unreadable."""
    sealed = [endpoint.secret, endpoint.old_secret] if endpoint.is_replacing else [endpoint.secret]
    return [unseal(each) for each in sealed]


@transaction.atomic
def _settle(parcel: Parcel, outcome: Outcome) -> bool:
    """Write what became of a try; True where it was delivered. The endpoint is locked first, then the delivery."""
    endpoint = Endpoint.objects.select_for_update(no_key=True).get(pk=parcel.endpoint_id)
    delivery = Delivery.objects.select_for_update(no_key=True).filter(pk=parcel.delivery_id).first()
    if delivery is None:
        return False
    Attempt.objects.create(
        delivery=delivery,
        at=parcel.at,
        signature=parcel.signature,
        status=outcome.status,
        trouble=outcome.trouble or "",
        answer=outcome.answer,
        took_ms=outcome.took_ms,
    )
    _move(delivery, outcome)
    _mind(endpoint, outcome)
    return outcome.is_success


def _move(delivery: Delivery, outcome: Outcome) -> None:
    delivery.tries_left = max(0, delivery.tries_left - 1)
    if outcome.is_success:
        delivery.state, delivery.due_at, delivery.delivered_at = State.DELIVERED, None, timezone.now()
    elif delivery.state == State.PENDING and delivery.tries_left:
        delivery.due_at = timezone.now() + _wait(delivery.tries_left)
    elif delivery.state == State.PENDING:
        delivery.state, delivery.due_at = State.FAILED, None
    delivery.save(update_fields=["tries_left", "state", "due_at", "delivered_at"])


def _wait(tries_left: int) -> timedelta:
    seconds = WAITS[min(TRIES - tries_left, len(WAITS)) - 1]
    return timedelta(seconds=seconds * random.uniform(1, 1 + JITTER))  # noqa: S311


def _mind(endpoint: Endpoint, outcome: Outcome) -> None:
    """It is free again; and one that is gone, or has failed for days, is switched off."""
    failing_since = None if outcome.is_success else Coalesce("failing_since", Now())
    Endpoint.objects.filter(pk=endpoint.pk).update(busy_until=None, failing_since=failing_since)
    if outcome.status == GONE:
        switch_off(endpoint, Off.GONE)
    elif not outcome.is_success and endpoint.failing_since and endpoint.failing_since < timezone.now() - FAILING_FOR:
        switch_off(endpoint, Off.FAILING)
