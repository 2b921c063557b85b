"""The loss account: what numbers cost us that no customer pays for."""

from django.db.models.functions import Now

from jiema.alarms.services import raise_alarm
from orders.models import Cause, Order, UpstreamLoss

ALARMS = {Cause.LATE_SMS: "late_sms", Cause.KEPT: "number_kept", Cause.OPEN_COST: "open_cost"}


def record_loss(order: Order, cause: Cause) -> None:
    """The provider keeps its money for a number whose customer was refunded; once for each order, and an alarm."""
    cost = order.cost if order.paid_cost is None else order.paid_cost
    _, is_new = UpstreamLoss.objects.get_or_create(order=order, defaults={"cause": cause, "cost": cost})
    was_void = UpstreamLoss.objects.filter(order=order, void_at__isnull=False)
    if is_new or was_void.update(cause=cause, cost=cost, void_at=None, void_reason=""):
        raise_alarm(ALARMS[cause], order.pk, provider=order.provider.name, cost=cost)


def void_loss(order_id: str, reason: str) -> bool:
    """It turned out that the provider kept nothing. True where there was a loss to void."""
    losses = UpstreamLoss.objects.filter(order=order_id, void_at=None)
    return bool(losses.update(void_at=Now(), void_reason=reason[:200]))
