"""The one place that moves an order from state to state, and money back with it."""

from datetime import datetime, timedelta

from django.db import connection

from accounts.referrals import services as referrals
from accounts.wallet import services as wallet
from jiema.failpoints import failpoint
from orders.models import REFUNDED, Order, Status
from orders.webhooks.selectors import has_listeners
from orders.webhooks.services import announcing as webhooks

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
    orders = Order.objects.select_for_update().annotate(has_listeners=has_listeners())  # type: ignore[no-redef]
    return orders.get(pk=order_id)


def transition(order: Order, to: Status, *, returned: bool = False) -> None:
    """Move a locked order; FAILED and CANCELLED give the whole charge back, COMPLETED pays its customer's inviter.

    The customer's webhooks are told with the commit. Raises IllegalMove.
    returned: the provider has said that it takes the number back; else it is given back as soon as it may be.
    """
    if to not in MOVES[order.status]:
        raise IllegalMove(f"{order.pk}: {order.status} to {to}")
    order.status = to
    fields = ["status"]
    if to in STAMPS:
        setattr(order, STAMPS[to], database_now())
        fields.append(STAMPS[to])
    if to in REFUNDED:
        order.refunded_cents = order.charged_cents
        _give_back(order, returned=returned)
        fields += ["refunded_cents", "returned_at", "cancel_upstream_at"]
    order.save(update_fields=fields)
    failpoint("order.moved")
    if to in REFUNDED:
        wallet.refund(order.user_id, order.pk)
    elif to == Status.COMPLETED:
        referrals.share(order.pk, order.user_id, order.charged_cents)
    webhooks.announce(order, webhooks.EVENTS.get(to))


def _give_back(order: Order, *, returned: bool) -> None:
    if order.activation_id is None:
        return
    now = database_now()
    if returned:
        order.returned_at = now
    else:
        grace = timedelta(seconds=order.provider.grace_seconds)
        order.cancel_upstream_at = max((order.bought_at or order.created_at) + grace, now)
