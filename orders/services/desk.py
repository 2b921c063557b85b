"""What ops do by hand about numbers that the sweep could not place."""

import structlog
from django.db import transaction
from django.db.models.functions import Now

from catalog.services.providers import upstream_for
from catalog.upstream.errors import UpstreamError
from jiema.alarms.services import clear_alarm
from orders.errors import StrayNotGivenBack, StraySettled
from orders.models import StrayActivation, UpstreamLoss
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
