"""What the gateways list is compared with what we credited: both ways, whatever webhooks said."""

from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from accounts.topups import methods
from accounts.topups.gateways.base import GatewayError, NotSupported, Paid
from accounts.topups.models import Finding, TopUp
from accounts.topups.services.confirming import confirm_payment
from accounts.topups.services.crediting import plain
from accounts.topups.services.reviews import open_review
from jiema.alarms.services import clear_alarm, raise_alarm, tick

RECENT = timedelta(days=2)
WHOLE = timedelta(days=40)
# A listing may lag behind what was just paid, and goes by when a payment was begun: banks take days.
LAG = timedelta(minutes=15)
SLACK = timedelta(days=7)
RECONCILED = "payments compared"
log = structlog.get_logger(__name__)


def reconcile(window: timedelta = RECENT) -> int:
    """Compare all gateways that list their payments; how many payments were looked at."""
    looked, is_whole = 0, True
    for code in methods.configured():
        try:
            looked += _compare(code, timezone.now() - window)
            clear_alarm("gateway_down", code)
        except NotSupported:
            continue
        except GatewayError as error:
            is_whole = False
            raise_alarm("gateway_down", code, why=error.why)
    if is_whole:
        tick(RECONCILED)
    return looked


def _compare(code: str, since: datetime) -> int:
    listed: dict[str, Paid] = {paid.ref: paid for paid in methods.gateway(code).paid_since(since - SLACK)}
    for paid in listed.values():
        confirm_payment(code, paid)
    credited = TopUp.objects.filter(
        gateway=code, credited_cents__gt=0, paid_at__gt=since + LAG, paid_at__lt=timezone.now() - LAG
    )
    for top_up in credited:
        _compare_one(code, top_up, listed.get(top_up.payment_ref or ""))
    return len(listed)


def _compare_one(code: str, top_up: TopUp, paid: Paid | None) -> None:
    ours = f"{plain(top_up.captured or top_up.asked)} {top_up.captured_currency}"
    theirs = f"{plain(paid.amount)} {paid.currency}" if paid else "nothing"
    if ours != theirs:
        detail = f"credited for {ours}, listed: {theirs}"
        open_review(Finding.NOT_THERE, code, top_up.payment_ref or top_up.pk, detail, top_up)
