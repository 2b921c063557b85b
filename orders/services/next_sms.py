"""Another SMS to the same number, at no charge."""

from django.db import transaction

from catalog.services.providers import upstream_for
from catalog.upstream import errors as upstream
from catalog.upstream.types import State
from jiema.failpoints import failpoint
from orders.errors import AlreadyChanged, Expired, NoCodeYet, UpstreamUnavailable
from orders.models import IdempotentCall, Order, Sms, Status
from orders.selectors import order_for
from orders.services import idempotency
from orders.services.lifecycle import database_now, lock_order, transition
from orders.services.syncing import newest_sms, poll


def request_next_sms(user_id: str, order_id: str, call: IdempotentCall | None = None) -> None:
    """WAITING again, or RECEIVED with an SMS that came over the asking.

    Raises NotFound, NoCodeYet, AlreadyChanged, Expired, UpstreamUnavailable.
    """
    order = order_for(user_id, order_id)
    _require_received(order)
    known = newest_sms(order)
    if not _is_granted_already(order, known):
        _ask(order)
    failpoint("next_sms.asked")
    _wait_again(order_id, known, call)


def _require_received(order: Order) -> None:
    if order.status == Status.WAITING:
        raise NoCodeYet
    if order.status != Status.RECEIVED:
        raise AlreadyChanged
    if order.expires_at is None or database_now() >= order.expires_at:
        raise Expired


def _is_granted_already(order: Order, known: Sms | None) -> bool:
    """After an unclear answer the provider is read first: the wish may have been granted."""
    if not order.reread_upstream:
        return False
    status = poll(order)
    if status is None:
        raise UpstreamUnavailable(retry_after=5)
    return status.state == State.WAITING_AGAIN or newest_sms(order) != known


def _ask(order: Order) -> None:
    try:
        upstream_for(order.provider).next_sms(order.activation_id or "")
    except upstream.UpstreamError as error:
        Order.objects.filter(pk=order.pk).update(reread_upstream=True)
        wait = getattr(error, "retry_after", None)
        raise UpstreamUnavailable(retry_after=max(1, round(wait or 5))) from error


@transaction.atomic
def _wait_again(order_id: str, known: Sms | None, call: IdempotentCall | None) -> None:
    """known: the newest SMS before we asked; a newer one is the answer, and stays."""
    order = lock_order(order_id)
    idempotency.tie(call, order_id)
    if order.status == Status.WAITING:
        return  # the same wish was granted to a call beside this one
    if order.status != Status.RECEIVED:
        raise AlreadyChanged
    order.reread_upstream = False
    if newest_sms(order) != known:
        order.save(update_fields=["reread_upstream"])
        return
    order.sms_body = order.sms_received_at = None
    order.save(update_fields=["sms_body", "sms_received_at", "reread_upstream"])
    transition(order, Status.WAITING)
