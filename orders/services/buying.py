"""Buying a number in three short steps: reserve, call, settle. No transaction is open over the call."""

import time
from datetime import timedelta

import structlog
from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from accounts.selectors import require_buyer
from accounts.wallet import services as wallet
from catalog.errors import NoNumbers
from catalog.models import Provider
from catalog.selectors import Quote, quote
from catalog.services.costs import dollars, units
from catalog.services.pricing import refresh_offer
from catalog.services.providers import upstream_for
from catalog.upstream import errors as upstream
from catalog.upstream.types import Activation
from jiema.alarms.services import raise_alarm
from jiema.failpoints import failpoint
from orders.errors import OutcomeUnknown, PriceChanged, UpstreamUnavailable
from orders.models import IdempotentCall, Order, Outcome, Status, UpstreamAttempt
from orders.services import idempotency
from orders.services.key_limits import require_allowed
from orders.services.lifecycle import database_now, lock_order, transition
from orders.services.stopping import RETRY_SECONDS, require_sales

CALL_WITHIN_SECONDS = 5.0
log = structlog.get_logger(__name__)


def buy_number(
    user_id: str,
    service: str,
    country: str,
    *,
    api_key_id: int | None = None,
    max_price_cents: int | None = None,
    call: IdempotentCall | None = None,
) -> str:
    """Charge the user, buy the number, and return the order's id.

    service: code or slug. country: id or slug. max_price_cents: refuse where the charge would be higher.
    call: the client's idempotency claim, which is tied to the order with the charge.
    api_key_id: whose services and daily cap bound the purchase.
    Raises before anything is charged: BadService, BadCountry, NoNumbers, PriceChanged, Insufficient,
    Forbidden, AuthInvalid. With `order_id`, after the charge went back: NoNumbers, UpstreamUnavailable. With
    `order_id` and the charge held: OutcomeUnknown.
    """
    price = quote(service, country)
    if max_price_cents is not None and price.price_cents > max_price_cents:
        raise PriceChanged
    if price.is_paused:
        raise UpstreamUnavailable(retry_after=RETRY_SECONDS)
    require_sales(user_id)
    began = time.monotonic()
    attempt = _reserve(user_id, price, api_key_id, call)
    failpoint("buy.reserved")
    try:
        _purchase(attempt, began)
    except (OperationalError, InterfaceError) as error:
        # The charge is committed; what became of the purchase the sweep finds out.
        raise OutcomeUnknown(order_id=attempt.order_id) from error
    return attempt.order_id


def _purchase(attempt: UpstreamAttempt, began: float) -> None:
    """Call and settle. Raises NoNumbers, UpstreamUnavailable, OutcomeUnknown."""
    try:
        _require_recent(began)
        bought = _call(attempt)
    except upstream.Rejected as refusal:
        raise _reject(attempt, refusal) from refusal
    except upstream.Unclear as unclear:
        _hold(attempt, unclear.token)
        raise OutcomeUnknown(order_id=attempt.order_id) from unclear
    failpoint("buy.called")
    if not settle_bought(attempt.order_id, bought):
        raise OutcomeUnknown(order_id=attempt.order_id)
    failpoint("buy.settled")


@transaction.atomic(durable=True)
def _reserve(user_id: str, price: Quote, api_key_id: int | None, call: IdempotentCall | None) -> UpstreamAttempt:
    require_buyer(user_id)
    if api_key_id is not None:
        require_allowed(api_key_id, price)
    order = Order.objects.create(
        user_id=user_id,
        api_key_id=api_key_id,
        service_id=price.service_code,
        country_id=price.country_id,
        provider_id=price.provider_id,
        charged_cents=price.price_cents,
        floor_cents=price.floor_cents,
        cost=price.cost,
        price_rule_id=price.rule_id,
        catalogue_version=price.catalogue_version,
    )
    attempt = UpstreamAttempt.objects.create(
        order=order,
        provider_id=price.provider_id,
        service_id=price.service_code,
        country_id=price.country_id,
        max_cost=price.cost,
    )
    idempotency.tie(call, order.pk)
    wallet.charge(user_id, price.price_cents, order.pk)
    failpoint("buy.reserving")
    return attempt


def _require_recent(began: float) -> None:
    """began: of the reservation, on the monotonic clock. A process that was stopped meanwhile asks for nothing:
    the sweep may have given up on its attempt."""
    if time.monotonic() - began > CALL_WITHIN_SECONDS:
        raise upstream.Unavailable("TOO_LATE")


def _call(attempt: UpstreamAttempt) -> Activation:
    provider = Provider.objects.get(pk=attempt.provider_id)
    cap = units(attempt.max_cost, provider.usd_rate)
    return upstream_for(provider).buy(attempt.service_id, attempt.country_id, cap)


@transaction.atomic
def settle_bought(order_id: str, bought: Activation) -> bool:
    """Give the number to its order. False where another order owns it: the outcome stays unknown.

    False too where the order owns another number: it keeps the first, and the sweep finds this one's order.
    An order that was cancelled or failed meanwhile owns the number too, and gives it back.
    """
    order = Order.objects.select_for_update(of=("self",)).select_related("provider").get(pk=order_id)
    if order.activation_id is not None:
        return order.activation_id == bought.activation_id
    provider = order.provider
    order.bought_at = database_now()
    order.activation_id = bought.activation_id
    order.phone = bought.phone
    order.expires_at = order.bought_at + (bought.lifetime or timedelta(minutes=provider.lifetime_minutes))
    order.paid_cost = order.cost if bought.cost is None else dollars(bought.cost, provider.usd_rate)
    if order.status != Status.WAITING:
        order.cancel_upstream_at = order.bought_at
    try:
        with transaction.atomic():
            order.save()
    except IntegrityError:
        raise_alarm("activation_sold_twice", order_id, provider=provider.name, activation=bought.activation_id)
        _mark(order_id, Outcome.UNKNOWN, "DUPLICATE_ACTIVATION")
        return False
    _mark(order_id, Outcome.BOUGHT, "")
    failpoint("buy.settling")
    if order.paid_cost > order.cost:
        raise_alarm("bought_above_cap", order_id, cap=order.cost, paid=order.paid_cost)
    return True


def _reject(attempt: UpstreamAttempt, refusal: upstream.Rejected) -> NoNumbers | UpstreamUnavailable:
    """Fail and refund; the error to tell the customer."""
    failpoint("buy.refused")
    fail_reserved(attempt.order_id, Outcome.REJECTED, refusal.token)
    if isinstance(refusal, upstream.PriceMoved):
        refresh_offer(attempt.provider_id, attempt.service_id, attempt.country_id, refusal.least)
    if isinstance(refusal, upstream.OutOfStock | upstream.PriceMoved | upstream.NotSold):
        return NoNumbers(order_id=attempt.order_id)
    log.warning("purchase_refused", order_id=attempt.order_id, provider=attempt.provider_id, token=refusal.token)
    wait = refusal.retry_after if isinstance(refusal, upstream.Unavailable) else None
    return UpstreamUnavailable(order_id=attempt.order_id, retry_after=max(1, round(wait or 5)))


@transaction.atomic
def fail_reserved(order_id: str, outcome: Outcome, token: str) -> bool:
    """The purchase did not happen: FAILED with the refund, unless the user cancelled meanwhile.

    False, and nothing changes, where a number was settled on the order meanwhile.
    """
    order = lock_order(order_id)
    if order.activation_id is not None:
        return False
    _mark(order_id, outcome, token)
    if order.status == Status.WAITING:
        transition(order, Status.FAILED)
    return True


def _hold(attempt: UpstreamAttempt, token: str) -> None:
    log.warning("purchase_outcome_unknown", order_id=attempt.order_id, provider=attempt.provider_id, token=token)
    failpoint("buy.unclear")
    running = UpstreamAttempt.objects.filter(pk=attempt.pk, outcome=Outcome.IN_FLIGHT)
    running.update(outcome=Outcome.UNKNOWN, token=token[:200])


def _mark(order_id: str, outcome: Outcome, token: str) -> None:
    UpstreamAttempt.objects.filter(order_id=order_id).update(outcome=outcome, token=token[:200])
