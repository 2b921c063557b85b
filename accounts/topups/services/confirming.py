"""Asking a gateway what became of a wish. No transaction is open over the call: see `crediting` for why none has to."""

from datetime import timedelta

import structlog
from django.db.models import Case, Q, When
from django.db.models.functions import Now

from accounts.topups import methods
from accounts.topups.gateways.base import GatewayError, Paid, Reading, Refused, Stage
from accounts.topups.models import Finding, PaymentMethod, TopUp
from accounts.topups.services.crediting import apply_payment, apply_reading, plain
from accounts.topups.services.reviews import open_review
from accounts.topups.services.timing import SECONDS_AT_MOST, next_read, within
from jiema.alarms.models import Alarm
from jiema.alarms.services import clear_alarm, raise_alarm
from jiema.failpoints import failpoint

STALE_AFTER = timedelta(seconds=3)
CLAIM = timedelta(seconds=60)
AT_ONCE = 50
log = structlog.get_logger(__name__)


def confirm(top_up: TopUp) -> TopUp:
    """Read the wish at its gateway and apply what it says. Raises GatewayError."""
    reading = methods.gateway(top_up.gateway).read(top_up.gateway_ref)
    failpoint("topup.read")
    return apply_reading(top_up.pk, reading)


def read_again(top_up: TopUp) -> None:
    """For ops: the wish and all its payments. Raises GatewayError, and KeyError for a gateway that is gone."""
    wish = top_up.again_for or top_up
    if wish.gateway_ref:
        confirm(wish)


def refresh(top_up: TopUp) -> TopUp:
    """For a page that is looked at: ask if nobody did for three seconds. Works without any worker."""
    wish = TopUp.objects.filter(pk=top_up.pk, again_for=None, next_read_at__isnull=False).exclude(gateway_ref="")
    is_ours = wish.filter(Q(read_at=None) | Q(read_at__lt=Now() - STALE_AFTER)).update(read_at=Now())
    if not (is_ours and top_up.is_open and methods.is_configured(top_up.gateway)):
        return top_up
    try:
        return confirm(top_up)
    except GatewayError as error:
        log.info("payment_not_read", top_up_id=top_up.pk, gateway=top_up.gateway, why=error.why)
        return top_up


def follow_due() -> int:
    """Ask about every wish that is due; how many were read. A silent gateway is left alone until the next time.

    Those that are known to be away come last: their wishes don't stand before those of gateways that answer.
    """
    silent: set[str] = set()
    read = 0
    down = Alarm.objects.filter(code="gateway_down", cleared_at=None).values("subject")
    due = TopUp.objects.filter(next_read_at__lte=Now(), gateway__in=methods.configured())
    last = Case(When(gateway__in=down, then=1), default=0)
    for top_up in within(SECONDS_AT_MOST, due.order_by(last, "next_read_at")[:AT_ONCE]):
        if top_up.gateway not in silent and _claim(top_up):
            read += _follow(top_up, silent)
    return read


def _claim(top_up: TopUp) -> bool:
    mine = TopUp.objects.filter(pk=top_up.pk, next_read_at=top_up.next_read_at)
    return bool(mine.update(next_read_at=Now() + CLAIM))


def _follow(top_up: TopUp, silent: set[str]) -> bool:
    if not top_up.gateway_ref:
        return _never_begun(top_up)
    try:
        confirm(top_up)
    except Refused as error:  # of this wish alone, as a rule
        TopUp.objects.filter(pk=top_up.pk).update(next_read_at=next_read(top_up))
        raise_alarm("gateway_down", top_up.gateway, why=error.why)
        return False
    except GatewayError as error:
        silent.add(top_up.gateway)
        raise_alarm("gateway_down", top_up.gateway, why=error.why)
        return False
    clear_alarm("gateway_down", top_up.gateway)
    return True


def _never_begun(top_up: TopUp) -> bool:
    """The gateway was asked for a payment without a clear answer. Without an address nobody could pay."""
    apply_reading(top_up.pk, Reading(Stage.OPEN))
    return True


def confirm_payment(gateway: str, paid: Paid) -> bool:
    """Apply a payment to the wish that it names; False, and a review, where there is none."""
    wish = wish_of(gateway, paid.ref, paid.top_up_id)
    if wish:
        apply_payment(wish.pk, paid)
        return True
    if paid.top_up_id or not _is_shared(gateway):
        named = f" for {paid.top_up_id}" if paid.top_up_id else ""
        open_review(Finding.UNKNOWN, gateway, paid.ref, f"{plain(paid.amount)} {paid.currency} at {paid.at}{named}")
    return False


def wish_of(gateway: str, payment_ref: str, top_up_id: str = "") -> TopUp | None:
    """Whose payment it is: by its name where we know it, else by what the gateway was told."""
    known = TopUp.objects.filter(gateway=gateway, payment_ref=payment_ref).select_related("again_for").first()
    if known:
        return known.again_for or known
    return TopUp.objects.filter(gateway=gateway, pk=top_up_id, again_for=None).first() if top_up_id else None


def _is_shared(gateway: str) -> bool:
    return PaymentMethod.objects.filter(pk=gateway, is_shared=True).exists()
