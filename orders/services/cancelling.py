"""Cancelling: the customer's money comes back at once; the number goes back as soon as the provider lets it."""

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models.functions import Now

from catalog.services.providers import upstream_for
from catalog.upstream import errors as upstream
from catalog.upstream.types import State
from catalog.upstream.types import Status as UpstreamStatus
from jiema.failpoints import failpoint
from orders.errors import AlreadyChanged, CodeReceived
from orders.models import REFUNDED, Cause, IdempotentCall, Order, Status
from orders.selectors import order_for
from orders.services import idempotency
from orders.services.lifecycle import database_now, lock_order, transition
from orders.services.losses import record_loss
from orders.services.syncing import apply_status, has_sms, mark_returned, poll

CANCEL_SECONDS = 2.0
RETRY_AFTER = timedelta(seconds=30)
log = structlog.get_logger(__name__)


def cancel_order(user_id: str, order_id: str, call: IdempotentCall | None = None) -> None:
    """CANCELLED with the full refund. Raises NotFound, CodeReceived, AlreadyChanged.

    The provider is asked once, for two seconds at most. Where it is too early, or its answer is unclear,
    the customer is refunded now and the number is given back later.
    """
    order = order_for(user_id, order_id)
    _require_cancellable(order)
    given_back = order.activation_id is not None and _give_back(order)
    failpoint("cancel.given_back")
    _cancel(order_id, call, given_back=given_back)
    failpoint("cancel.done")


def _require_cancellable(order: Order) -> None:
    if order.status in REFUNDED:
        raise AlreadyChanged
    if order.status != Status.WAITING or has_sms(order):
        raise CodeReceived


def _give_back(order: Order) -> bool:
    """Did the provider take the number back? Raises CodeReceived where it says that an SMS is there."""
    try:
        upstream_for(order.provider).cancel(order.activation_id or "", timeout=CANCEL_SECONDS)
    except upstream.CodeReceived as refusal:
        _keep_code(order, refusal)
        raise CodeReceived from refusal
    except upstream.WrongState:
        return _is_given_back(order)
    except upstream.UpstreamError as error:
        log.info("cancel_queued", order_id=order.pk, token=error.token)
        return False
    return True


def _is_given_back(order: Order) -> bool:
    """An earlier cancel may have got so far: its end is a cancel, not the provider's. Only an SMS is applied."""
    try:
        status = upstream_for(order.provider).status(order.activation_id or "", timeout=CANCEL_SECONDS)
    except upstream.UpstreamError as error:
        log.info("cancel_queued", order_id=order.pk, token=error.token)
        return False
    if status.sms:
        apply_status(order.pk, status)
    return status.state == State.CANCELLED


def _keep_code(order: Order, refusal: upstream.CodeReceived) -> None:
    if refusal.sms:
        apply_status(order.pk, UpstreamStatus(State.RECEIVED, refusal.sms))
    else:
        poll(order, CANCEL_SECONDS)


@transaction.atomic
def _cancel(order_id: str, call: IdempotentCall | None, *, given_back: bool) -> None:
    """Decide under the lock: an SMS, an end or another cancel may have come meanwhile."""
    order = lock_order(order_id)
    _require_cancellable(order)
    transition(order, Status.CANCELLED, returned=given_back)
    idempotency.tie(call, order_id)


def give_back_due(limit: int = 100) -> int:
    """Return numbers that nobody wants any more; how many were tried. A row is claimed by its due time."""
    due = Order.objects.filter(cancel_upstream_at__lte=Now()).order_by("cancel_upstream_at")
    tried = 0
    for order in due.select_related("provider")[:limit]:
        claim = Order.objects.filter(pk=order.pk, cancel_upstream_at=order.cancel_upstream_at)
        if claim.update(cancel_upstream_at=Now() + RETRY_AFTER):
            _give_back_unwanted(order)
            tried += 1
    return tried


def _give_back_unwanted(order: Order) -> None:
    try:
        upstream_for(order.provider).cancel(order.activation_id or "")
    except upstream.CodeReceived as refusal:
        _keep_code(order, refusal)
        _stop_asking(order, is_kept=True)
    except upstream.WrongState:
        _settle_by(order, poll(order))
    except upstream.UnknownActivation:
        log.warning("activation_gone", order_id=order.pk, activation_id=order.activation_id)
        _stop_asking(order, is_kept=False)
    except upstream.UpstreamError as error:
        log.info("give_back_later", order_id=order.pk, token=error.token)
        _give_up_after_the_end(order)
    else:
        failpoint("give_back.accepted")
        mark_returned(order.pk)


def _settle_by(order: Order, status: UpstreamStatus | None) -> None:
    """What the provider calls a number that it does not take back: over with an SMS, over without, or still open."""
    if status is None or status.state == State.WAITING:
        _give_up_after_the_end(order)
    elif status.state == State.GONE:
        _stop_asking(order, is_kept=False)
    elif status.state != State.CANCELLED:
        _stop_asking(order, is_kept=True)


@transaction.atomic
def _stop_asking(order: Order, *, is_kept: bool) -> None:
    """is_kept: the provider keeps its money. A number that it no longer knows proves nothing either way."""
    locked = lock_order(order.pk)
    if locked.returned_at is None and is_kept:
        record_loss(locked, Cause.KEPT)
    Order.objects.filter(pk=order.pk).update(cancel_upstream_at=None)


def _give_up_after_the_end(order: Order) -> None:
    """Providers end an activation by themselves; an hour later there is nothing left to give back."""
    if order.expires_at and database_now() > order.expires_at + timedelta(hours=1):
        _stop_asking(order, is_kept=True)
