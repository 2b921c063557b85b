"""What ops do by hand: about numbers that the sweep could not place, losses, and prices paid back."""

import structlog
from django.db import transaction
from django.db.models.functions import Now

from accounts.referrals import services as referrals
from accounts.wallet import services as wallet
from accounts.wallet.models import Entry, Kind
from catalog.services.providers import upstream_for
from catalog.upstream.errors import UpstreamError
from jiema.alarms.services import clear_alarm
from orders.errors import NotCompleted, PaidBack, StrayNotGivenBack, StraySettled
from orders.models import Status, StrayActivation, UpstreamLoss
from orders.services.lifecycle import lock_order
from orders.services.losses import void_loss

log = structlog.get_logger(__name__)


def give_stray_back(stray_id: int, actor: str) -> None:
    """Cancel it at its provider, and settle it. Raises StrayNotGivenBack with the provider's word."""
    stray = StrayActivation.objects.select_related("provider").get(pk=stray_id)
    if stray.settled_at:
        raise StraySettled
    try:
        upstream_for(stray.provider).cancel(stray.activation_id)
    except UpstreamError as error:
        raise StrayNotGivenBack(f"{stray}: {error.token or type(error).__name__}") from error
    settle_stray(stray_id, actor, "given back")


@transaction.atomic
def settle_stray(stray_id: int, actor: str, note: str) -> None:
    """It is explained, and none of our orders' concern. Raises StraySettled."""
    stray = StrayActivation.objects.select_related("provider").get(pk=stray_id)
    unsettled = StrayActivation.objects.filter(pk=stray_id, settled_at=None)
    if not unsettled.update(settled_at=Now(), settlement=note[:200], settled_by=actor):
        raise StraySettled
    log.info("stray_settled", activation_id=stray.activation_id, actor=actor, note=note)
    clear_alarm("stray_activation", f"{stray.provider.name}: {stray.activation_id}")


@transaction.atomic
def void(loss_id: int, actor: str, reason: str) -> bool:
    """The provider kept no money after all. True where the loss stood until now."""
    loss = UpstreamLoss.objects.get(pk=loss_id)
    log.info("loss_void", order_id=loss.order_id, actor=actor, reason=reason)
    return void_loss(loss.order_id, f"{reason} ({actor})")


@transaction.atomic
def pay_back(order_id: str, actor: str, reason: str) -> int:
    """Goodwill: the price of a completed order goes back to its customer, once, and the inviter's share with it.

    Returns US cents; the customer sees the reason on the statement. Raises NotCompleted, PaidBack.
    """
    order = lock_order(order_id)
    if order.status != Status.COMPLETED:
        raise NotCompleted
    cause = f"order:{order.pk}"
    if Entry.objects.filter(kind=Kind.ADJUSTMENT, reference=cause).exists():
        raise PaidBack
    wallet.adjust(order.user_id, order.charged_cents, cause, reason=reason, actor=actor)
    referrals.take_back(order.pk)
    log.info("order_paid_back", order_id=order.pk, actor=actor, reason=reason)
    return order.charged_cents
