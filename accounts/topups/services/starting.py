"""From an amount to a payment that the customer can make."""

import hashlib
from datetime import timedelta
from decimal import ROUND_UP, Decimal

import structlog
from babel.numbers import get_currency_precision
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.selectors import lock_active_user
from accounts.topups import methods
from accounts.topups.errors import BadAmount, GatewayUnavailable, NoGateway, OverCap, TooManyOpen
from accounts.topups.gateways.base import GatewayError, Wish
from accounts.topups.models import OPEN, PaymentMethod, TopUp, TopUpState, TopUpTerms
from accounts.wallet.models import Wallet
from jiema.failpoints import failpoint
from jiema.languages import dollars

OPEN_AT_MOST = 10
ENOUGH_TIME = timedelta(minutes=10)
FIRST_READ = timedelta(seconds=10)
log = structlog.get_logger(__name__)


def fee_of(method: PaymentMethod, amount_cents: int) -> int:
    """US cents on top, rounded up."""
    percent = (Decimal(amount_cents) * method.fee_percent / 100).quantize(Decimal(1), ROUND_UP)
    return int(percent) + method.fee_cents


def price_of(method: PaymentMethod, cents: int) -> Decimal:
    """What so many US cents are in the method's currency, rounded up to what can be paid in it."""
    return (Decimal(cents) / 100 / method.usd_rate).quantize(smallest(method.currency), ROUND_UP)


def smallest(currency: str) -> Decimal:
    """What can be paid in it: whole units or hundredths. Of three decimals no gateway takes the last."""
    digits = 2 if currency == "USDT" else min(2, get_currency_precision(currency))
    return Decimal(1).scaleb(-digits)


def start_top_up(user_id: str, gateway: str, amount_cents: int, form: str = "", next_page: str = "") -> TopUp:
    """A wish to pay in. amount_cents: what is to be on the balance, US cents.

    form: of which this is an answer; the same answer again is the same top-up. next_page: the path on this site where
    the customer goes on once it is paid.
    Raises NoGateway, BadAmount, OverCap, TooManyOpen, Forbidden.
    """
    method = _offered(gateway)
    if not method.min_cents <= amount_cents <= method.max_cents:
        bounds = {"least": dollars(method.min_cents), "most": dollars(method.max_cents)}
        raise BadAmount(_("Pay in from %(least)s to %(most)s.") % bounds)
    key = hashlib.sha256(f"{form}:{gateway}:{amount_cents}".encode()).hexdigest() if form else None
    with transaction.atomic():
        lock_active_user(user_id)
        first = _begun(user_id, method, amount_cents, key) if key else None
        top_up = first or _create(user_id, method, amount_cents, key)
        if next_page and next_page != top_up.next_page:
            top_up.next_page = next_page
            top_up.save(update_fields=["next_page"])
    return top_up


def _begun(user_id: str, method: PaymentMethod, amount_cents: int, key: str) -> TopUp | None:
    """Of the same form; or one just like it that waits, to which a customer has come back by another form."""
    mine = TopUp.objects.filter(user_id=user_id)
    alike = mine.filter(
        gateway=method.gateway,
        amount_cents=amount_cents,
        asked=price_of(method, amount_cents + fee_of(method, amount_cents)),
        currency=method.currency,
        state=TopUpState.CREATED,
        expires_at__gt=timezone.now() + ENOUGH_TIME,
    )
    return mine.filter(key=key).first() or alike.order_by("-pk").first()


def _offered(gateway: str) -> PaymentMethod:
    for method in methods.offered():
        if method.gateway == gateway:
            return method
    raise NoGateway


def _create(user_id: str, method: PaymentMethod, amount_cents: int, key: str | None) -> TopUp:
    _require_room(user_id, amount_cents)
    fee = fee_of(method, amount_cents)
    now = timezone.now()
    return TopUp.objects.create(
        user_id=user_id,
        gateway=method.gateway,
        key=key,
        amount_cents=amount_cents,
        fee_cents=fee,
        currency=method.currency,
        asked=price_of(method, amount_cents + fee),
        expires_at=now + timedelta(minutes=method.minutes),
        next_read_at=now + FIRST_READ,
    )


def _require_room(user_id: str, amount_cents: int) -> None:
    """The account is locked, so that two forms at once see each other. What may still be paid counts, too."""
    is_open = TopUp.objects.filter(user_id=user_id, state__in=OPEN)
    may_come = is_open.exclude(state=TopUpState.CREATED, expires_at__lt=Now())
    waiting = list(may_come.values_list("amount_cents", flat=True))
    if len(waiting) >= OPEN_AT_MOST:
        raise TooManyOpen
    cap = TopUpTerms.now().balance_cap_cents
    room = cap - Wallet.objects.get(pk=user_id).balance_cents - sum(waiting)
    if amount_cents > room:
        bounds = {"cap": dollars(cap), "room": dollars(max(0, room))}
        raise OverCap(_("An account may hold %(cap)s at most: pay in %(room)s or less.") % bounds)


def open_payment(top_up: TopUp) -> TopUp:
    """Ask the gateway where the customer pays, once; after a failure again. Raises GatewayUnavailable."""
    if top_up.gateway_ref or not top_up.is_open:
        return top_up
    assert top_up.expires_at
    wish = Wish(
        top_up_id=top_up.pk,
        amount=top_up.asked,
        currency=top_up.currency,
        return_url=f"{settings.SITE_URL}/account/top-up/{top_up.pk}",
        email=top_up.user.email,
        expires_at=top_up.expires_at,
    )
    try:
        started = methods.gateway(top_up.gateway).start(wish)
    except (GatewayError, KeyError) as error:
        log.error("payment_not_started", top_up_id=top_up.pk, gateway=top_up.gateway, why=str(error))
        raise GatewayUnavailable from error
    failpoint("topup.started")
    TopUp.objects.filter(pk=top_up.pk, gateway_ref="").update(gateway_ref=started.ref, pay_url=started.url)
    top_up.refresh_from_db()
    return top_up
