"""Webhooks: verified, kept, then handled. An event only says that something happened; the gateway says what."""

from collections.abc import Mapping
from datetime import timedelta

import structlog
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from accounts.topups import methods
from accounts.topups.gateways.base import Gateway, GatewayError, Notice
from accounts.topups.models import TopUp, WebhookEvent
from accounts.topups.services.confirming import confirm, confirm_payment
from accounts.topups.services.timing import SECONDS_AT_MOST, within
from jiema.failpoints import failpoint

AT_ONCE = 50
KEEP = timedelta(days=90)
log = structlog.get_logger(__name__)


def receive(code: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Keep a webhook and handle it at once if that works; else the worker does. True where it is new.

    Raises BadSignature.
    """
    notice = methods.gateway(code).notice(body, headers)
    event, is_new = _keep(code, notice)
    failpoint("webhook.kept")
    if event.handled_at is None:
        handle(event)
    return is_new


def _keep(code: str, notice: Notice) -> tuple[WebhookEvent, bool]:
    told = {"kind": notice.kind[:80], "ref": notice.ref, "payment_ref": notice.payment_ref}
    return WebhookEvent.objects.get_or_create(gateway=code, event_id=notice.event_id, defaults=told)


def handle(event: WebhookEvent) -> bool:
    """False where the gateway could not be read; then the worker tries again."""
    WebhookEvent.objects.filter(pk=event.pk).update(tries=F("tries") + 1)
    try:
        _look(methods.gateway(event.gateway), event)
    except GatewayError as error:
        log.warning("webhook_not_handled", event_id=event.event_id, kind=event.kind, why=error.why)
        WebhookEvent.objects.filter(pk=event.pk).update(error=error.why[:200])
        return False
    WebhookEvent.objects.filter(pk=event.pk).update(handled_at=Now(), error="")
    return True


def _look(gateway: Gateway, event: WebhookEvent) -> None:
    if event.payment_ref:
        paid = gateway.read_payment(event.payment_ref)
        if paid:
            confirm_payment(event.gateway, paid)
    if not event.ref:
        return
    wish = TopUp.objects.filter(gateway=event.gateway, gateway_ref=event.ref, again_for=None).first()
    if wish:
        confirm(wish)
        return
    for paid in gateway.read(event.ref).paid:
        confirm_payment(event.gateway, paid)


def handle_waiting() -> int:
    """What could not be handled when it came, the least tried first; less often each time. How many were."""
    now = timezone.now()
    waiting = WebhookEvent.objects.filter(
        handled_at=None, gateway__in=methods.configured(), received_at__lt=now - timedelta(seconds=5)
    )
    due = [each for each in waiting.order_by("tries", "received_at")[:AT_ONCE] if _is_due(each)]
    return sum(handle(event) for event in within(SECONDS_AT_MOST, due))


def _is_due(event: WebhookEvent) -> bool:
    """After 5 s, 10 s, 20 s … of waiting, then every hour."""
    waited = (timezone.now() - event.received_at).total_seconds()
    return waited >= float(min(5 * 2**event.tries, 3600 * max(1, event.tries - 9)))


def forget_events() -> int:
    return WebhookEvent.objects.filter(handled_at__lt=Now() - KEEP).delete()[0]
