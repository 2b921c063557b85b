"""Another SMS to the same number, at no charge."""

from django.db import transaction

from catalog.services.providers import upstream_for
from catalog.upstream import errors as upstream
from catalog.upstream.types import State
from orders.errors import AlreadyChanged, Expired, NoCodeYet, UpstreamUnavailable
from orders.models import IdempotentCall, Order, Status
from orders.selectors import order_for
from orders.services import idempotency
from orders.services.lifecycle import database_now, lock_order, transition
from orders.services.syncing import poll


def request_next_sms(user_id: str, order_id: str, call: IdempotentCall | None = None) -> None:
    """WAITING again. Raises NotFound, NoCodeYet, AlreadyChanged, Expired, UpstreamUnavailable."""
    order = order_for(user_id, order_id)
    _require_received(order)
    if not _is_waiting_already(order):
        _ask(order)
    _wait_again(order_id, call)


def _require_received(order: Order) -> None:
    if order.status == Status.WAITING:
        raise NoCodeYet
    if order.status != Status.RECEIVED:
        raise AlreadyChanged
    if order.expires_at is None or database_now() >= order.expires_at:
        raise Expired


def _is_waiting_already(order: Order) -> bool:
    """After an unclear answer the provider is read first: the wish may have been granted."""
    if not order.reread_upstream:
        return False
    status = poll(order)
    if status is None:
        raise UpstreamUnavailable(retry_after=5)
    return status.state == State.WAITING_AGAIN


def _ask(order: Order) -> None:
    try:
        upstream_for(order.provider).next_sms(order.activation_id or "")
    except upstream.UpstreamError as error:
        Order.objects.filter(pk=order.pk).update(reread_upstream=True)
        wait = getattr(error, "retry_after", None)
        raise UpstreamUnavailable(retry_after=max(1, round(wait or 5))) from error


@transaction.atomic
def _wait_again(order_id: str, call: IdempotentCall | None) -> None:
    order = lock_order(order_id)
    idempotency.tie(call, order_id)
    if order.status == Status.WAITING:
        return  # the same wish was granted to a call beside this one
    if order.status != Status.RECEIVED:
        raise AlreadyChanged
    order.sms_body = order.sms_received_at = None
    order.reread_upstream = False
    order.save(update_fields=["sms_body", "sms_received_at", "reread_upstream"])
    transition(order, Status.WAITING)
