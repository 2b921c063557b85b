"""The one place that moves an order from state to state, and money back with it."""

from datetime import datetime

from django.db import connection

from accounts.wallet import services as wallet
from orders.models import REFUNDED, Order, Status

MOVES: dict[str, frozenset[Status]] = {
    Status.WAITING: frozenset({Status.RECEIVED, Status.COMPLETED, Status.FAILED, Status.CANCELLED}),
    Status.RECEIVED: frozenset({Status.WAITING, Status.COMPLETED}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}
STAMPS = {
    Status.COMPLETED: "completed_at",
    Status.FAILED: "failed_at",
    Status.CANCELLED: "cancelled_at",
}


class IllegalMove(Exception):
    """Whoever asked did not look at the order under its lock."""


def database_now() -> datetime:
    """The one clock that decides about money: the start of the current transaction, or now outside one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        now: datetime = cursor.fetchone()[0]
    return now


def lock_order(order_id: str) -> Order:
    return Order.objects.select_for_update().get(pk=order_id)


def transition(order: Order, to: Status) -> None:
    """Move a locked order; FAILED and CANCELLED give the whole charge back. Raises IllegalMove."""
    if to not in MOVES[order.status]:
        raise IllegalMove(f"{order.pk}: {order.status} to {to}")
    order.status = to
    fields = ["status"]
    if to in STAMPS:
        setattr(order, STAMPS[to], database_now())
        fields.append(STAMPS[to])
    if to in REFUNDED:
        order.refunded_cents = order.charged_cents
        fields.append("refunded_cents")
    order.save(update_fields=fields)
    if to in REFUNDED:
        wallet.refund(order.user_id, order.pk)
