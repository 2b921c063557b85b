"""What the provider tells about an order's number, by poll or by list, and what follows from it."""

from datetime import timedelta
from typing import Literal

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from catalog.services.providers import upstream_for
from catalog.upstream.errors import UpstreamError
from catalog.upstream.types import Sms, State
from catalog.upstream.types import Status as UpstreamStatus
from jiema.failpoints import failpoint
from orders import models
from orders.models import OPEN, REFUNDED, Cause, Order, Status
from orders.services.lifecycle import database_now, lock_order, transition
from orders.services.losses import record_loss, void_loss
from orders.webhooks.models import Event
from orders.webhooks.services import announcing as webhooks

STALE_AFTER = timedelta(seconds=3)
GRACE = timedelta(seconds=60)
POLL_SECONDS = 1.0
Road = Literal["poll_key", "list_key", "push_key"]
log = structlog.get_logger(__name__)


def sync_if_stale(order_id: str) -> bool:
    """Ask the provider, if nobody did for three seconds; True where this call did the asking.

    One caller claims the sync; the others read what is stored. Works without any worker.
    """
    claimed = Order.objects.filter(
        pk=order_id, status__in=OPEN, activation_id__isnull=False, synced_at__lt=Now() - STALE_AFTER
    ).update(synced_at=Now())
    if not claimed:
        return False
    order = Order.objects.select_related("provider").get(pk=order_id)
    poll(order, POLL_SECONDS)
    return True


def poll(order: Order, timeout: float | None = None) -> UpstreamStatus | None:
    """Ask once and apply the answer; None where there was none, which says nothing about the order."""
    try:
        status = upstream_for(order.provider).status(order.activation_id or "", timeout=timeout)
    except UpstreamError as error:
        log.info("poll_without_answer", order_id=order.pk, token=error.token)
        end_if_over(order.pk)
        return None
    failpoint("poll.answered")
    apply_status(order.pk, status)
    return status


@transaction.atomic
def apply_status(order_id: str, status: UpstreamStatus, road: Road = "poll_key") -> None:
    """Store new SMS, then follow the provider's state; only forward moves."""
    order = lock_order(order_id)
    for sms in status.sms:
        store_sms(order, sms, road)
    if order.status in OPEN and status.state in (State.CANCELLED, State.FINISHED):
        _end(order, returned=status.state == State.CANCELLED)
    elif order.status in REFUNDED and status.state == State.CANCELLED:
        mark_returned(order.pk)
    _end_if_over(order)


def store_sms(order: Order, sms: Sms, road: Road) -> bool:
    """Add an SMS to a locked order, once; True where it is new.

    On an order that was refunded it is kept for the books and never shown.
    """
    if models.Sms.objects.filter(order=order, **{road: sms.key}).exists():
        return False
    twin = models.Sms.objects.filter(order=order, body=sms.body, **{road: None}).order_by("id").first()
    if twin:
        models.Sms.objects.filter(pk=twin.pk).update(**{road: sms.key})
        return False
    stored = models.Sms.objects.create(order=order, body=sms.body, **{road: sms.key})
    failpoint("sms.stored")
    if order.status in REFUNDED:
        if order.returned_at is None:
            record_loss(order, Cause.LATE_SMS)
        return True
    stored.refresh_from_db(fields=["received_at"])
    order.sms_body, order.sms_received_at = sms.body, stored.received_at
    order.save(update_fields=["sms_body", "sms_received_at"])
    if order.status == Status.WAITING:
        transition(order, Status.RECEIVED)
    else:
        webhooks.announce(order, Event.RECEIVED)
    return True


def has_sms(order: Order) -> bool:
    return newest_sms(order) is not None


def newest_sms(order: Order) -> models.Sms | None:
    return models.Sms.objects.filter(order=order).order_by("-id").first()


@transaction.atomic
def end_if_over(order_id: str) -> None:
    _end_if_over(lock_order(order_id))


def _end_if_over(order: Order) -> None:
    """A minute after its end the order closes. It has been asked about once more by then."""
    if order.status in OPEN and order.expires_at and database_now() >= order.expires_at + GRACE:
        _end(order)


def _end(order: Order, *, returned: bool = False) -> None:
    """Any SMS: COMPLETED, and the newest is shown again. None: FAILED with the refund."""
    newest = newest_sms(order)
    if newest is None:
        transition(order, Status.FAILED, returned=returned)
        return
    order.sms_body, order.sms_received_at = newest.body, newest.received_at
    order.save(update_fields=["sms_body", "sms_received_at"])
    transition(order, Status.COMPLETED)


def mark_returned(order_id: str) -> None:
    """The provider gave the money for an unwanted number back."""
    Order.objects.filter(pk=order_id, returned_at=None).update(returned_at=Now())
    Order.objects.filter(pk=order_id).update(cancel_upstream_at=None)
    void_loss(order_id, "the provider took the number back")


def end_due_orders(limit: int = 200) -> int:
    """Orders past their end: ask once more, and close them after the grace. How many were looked at.

    One look falls between the end and the grace, the last one after it.
    """
    now = Now()
    due = Order.objects.filter(status__in=OPEN, expires_at__lte=now).filter(
        Q(synced_at__lt=F("expires_at")) | Q(expires_at__lte=now - GRACE)
    )
    ids = list(due.order_by("expires_at").values_list("pk", flat=True)[:limit])
    for order_id in ids:
        _look_once_more(order_id)
    return len(ids)


def _look_once_more(order_id: str) -> None:
    claimed = Order.objects.filter(pk=order_id, status__in=OPEN, synced_at__lt=Now() - STALE_AFTER)
    if claimed.update(synced_at=Now()):
        failpoint("end_due.claimed")
        poll(Order.objects.select_related("provider").get(pk=order_id))
