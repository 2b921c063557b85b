"""What happened to an order becomes a delivery for each endpoint that wants it, in the transaction of the change."""

from contextlib import suppress

from celery import current_app
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import AccountState
from orders.models import Order, Status
from orders.selectors import order_json
from orders.webhooks.models import TEST, Delivery, Endpoint, Event

EVENTS = {
    Status.RECEIVED: Event.RECEIVED,
    Status.COMPLETED: Event.COMPLETED,
    Status.FAILED: Event.FAILED,
    Status.CANCELLED: Event.CANCELLED,
}
NUDGED = "webhooks:nudged"


def announce(order: Order, event: Event | None) -> None:
    """Of a locked order, as it is in this transaction. Costs nothing where nobody listens.

    The order object is the API's own, so it shows no SMS once the charge went back.
    """
    if event is None or not order.has_listeners:
        return
    wanting = Endpoint.objects.active().filter(
        user_id=order.user_id, user__state=AccountState.ACTIVE, events__contains=[event]
    )
    endpoint_ids = list(wanting.values_list("pk", flat=True))
    if not endpoint_ids:
        return
    body = _body(event, order_json(order.pk))
    Delivery.objects.bulk_create(
        Delivery(endpoint_id=each, order_id=order.pk, type=event, body=body) for each in endpoint_ids
    )
    transaction.on_commit(nudge, robust=True)


def announce_test(endpoint: Endpoint) -> Delivery:
    delivery = Delivery.objects.create(
        endpoint=endpoint, type=TEST, body=_body(TEST, f'{{"endpointId":"{endpoint.pk}"}}')
    )
    transaction.on_commit(nudge, robust=True)
    return delivery


def nudge() -> None:
    """Send at once instead of with the next tick; at most once a second. It may be lost without harm.

    Not while Valkey is away, which shows by its keeping nothing: Celery would wait for it for seconds.
    """
    if cache.add(NUDGED, 1, timeout=1) and cache.has_key(NUDGED):
        with suppress(OperationalError):
            current_app.send_task("webhooks.send", retry=False, expires=5)


def _body(kind: str, data: str) -> str:
    at = timezone.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return f'{{"type":"{kind}","timestamp":"{at}Z","data":{data}}}'
