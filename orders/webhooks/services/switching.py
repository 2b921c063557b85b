"""Endpoints on and off."""

import structlog
from django.db import transaction
from django.db.models.functions import Now

from orders.webhooks.models import Delivery, Endpoint, Off, State

log = structlog.get_logger(__name__)


@transaction.atomic
def switch_off(endpoint: Endpoint, why: Off) -> bool:
    """It is told nothing more, and what waits for it is given up. False where it is off already."""
    active = Endpoint.objects.active().filter(pk=endpoint.pk)
    if not active.update(disabled_at=Now(), disabled_because=why):
        return False
    give_up(endpoint)
    log.info("webhook_endpoint_off", endpoint=endpoint.pk, why=why)
    return True


def give_up(endpoint: Endpoint) -> None:
    Delivery.objects.filter(endpoint=endpoint, state=State.PENDING).update(state=State.FAILED, due_at=None)
