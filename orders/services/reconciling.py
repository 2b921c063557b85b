"""The sweep: one list of a provider's open activations moves many orders, and settles unknown purchases.

A number that no order owns is adopted by the reserved order that asked for its pair, or given back where
that order has ended; one that no attempt of ours explains is left to ops, untouched.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import structlog
from django.core.cache import cache
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When
from django.db.models.functions import Now

from catalog.models import Provider
from catalog.services.providers import upstream_for
from catalog.upstream.errors import UpstreamError
from catalog.upstream.types import OPEN_STATES, Activation, ActiveActivation, State, Upstream
from catalog.upstream.types import Status as UpstreamStatus
from jiema.failpoints import failpoint
from orders.models import OPEN, Cause, Order, Outcome, Sms, Status, StrayActivation, UpstreamAttempt
from orders.services.buying import fail_reserved, settle_bought
from orders.services.lifecycle import database_now
from orders.services.losses import record_loss, void_loss
from orders.services.syncing import STALE_AFTER, apply_status, poll

# A purchase is over after at most 5 s between its reservation and its call, 2 s to prove a provider that was down
# alive, 0.5 s for a seat, 3 s for the budget and 8 s for the call.
IN_FLIGHT = timedelta(seconds=19)
HOLD_AT_MOST = timedelta(minutes=2)
# A provider that lists, but whose list has not been whole for so long.
HOLD_WITHOUT_LIST = timedelta(minutes=10)
# How long afterwards a number may turn up that no list showed.
REMEMBERED = timedelta(hours=1)
CLOCKS_DIFFER = timedelta(minutes=15)
CLEAN_LISTINGS = 2
IDLE_LOOK_SECONDS = 60
UNSETTLED = (Outcome.IN_FLIGHT, Outcome.UNKNOWN)
log = structlog.get_logger(__name__)


def sweep(provider: Provider) -> None:
    """Bring all open orders of a provider up to date, and settle its unknown purchases.

    Two at once do no harm, and one that hangs holds nobody up: so there is no lock around it.
    """
    _close_owned(provider)
    adapter = upstream_for(provider)
    if not (_has_open_orders(provider) or _has_unsettled(provider) or _is_time_to_look(provider, adapter)):
        return
    if adapter.can_list:
        _sweep_list(provider, adapter)
    else:
        _poll_stale(provider)
    _fail_unlisted(provider, HOLD_WITHOUT_LIST if adapter.can_list else HOLD_AT_MOST)


def _is_time_to_look(provider: Provider, adapter: Upstream) -> bool:
    """An idle shop looks once a minute: what it sees then is older than its next purchase, and not its own."""
    return adapter.can_list and bool(cache.add(f"looked:{provider.pk}", True, timeout=IDLE_LOOK_SECONDS))


def _has_open_orders(provider: Provider) -> bool:
    return Order.objects.filter(provider=provider, status__in=OPEN, activation_id__isnull=False).exists()


def _has_unsettled(provider: Provider) -> bool:
    return UpstreamAttempt.objects.filter(_may_own_a_stray(Now()), provider=provider).exists()


def _sweep_list(provider: Provider, adapter: Upstream) -> None:
    began = database_now()
    rows, is_whole = _read_list(provider, adapter)
    failpoint("sweep.listed")
    owned = _owned(provider, rows)
    strays = [row for row in rows if row.activation_id not in owned]
    _settle_strays(provider, strays, began)
    _apply_rows(owned, rows)
    if not is_whole:
        return
    listed = {row.activation_id for row in rows if row.sms or row.state in OPEN_STATES}
    lacks_some = _poll_missing(provider, listed, began)
    # Some providers answer with an empty list, or an empty page, when something fails inside.
    if not lacks_some and (rows or not _has_open_orders(provider)):
        _count_clean_listing(provider, adapter, began, strays)


def _read_list(provider: Provider, adapter: Upstream) -> tuple[list[ActiveActivation], bool]:
    """The rows that came, and whether they are all. A row is a fact; that one is missing only in a whole list."""
    rows = []
    try:
        for row in adapter.active():
            rows.append(row)
    except UpstreamError as error:
        log.info("sweep_without_answer", provider=provider.name, token=error.token)
        return rows, False
    return rows, True


def _owned(provider: Provider, rows: Sequence[ActiveActivation]) -> dict[str, str]:
    """Activation id to order id, for the rows that an order owns."""
    ids = [row.activation_id for row in rows]
    found = Order.objects.filter(provider=provider, activation_id__in=ids).values_list("activation_id", "pk")
    return {activation_id: order_id for activation_id, order_id in found if activation_id}


def _apply_rows(owned: dict[str, str], rows: Sequence[ActiveActivation]) -> None:
    """A row a transaction, and only rows that bring something; the rest is marked as seen in one statement."""
    stored = Sms.objects.filter(order__in=owned.values(), list_key__isnull=False)
    known = set(stored.values_list("order_id", "list_key"))
    quiet = []
    for row in rows:
        order_id = owned.get(row.activation_id)
        is_news = row.state not in OPEN_STATES or any((order_id, sms.key) not in known for sms in row.sms)
        if order_id and row.sms and is_news:
            apply_status(order_id, UpstreamStatus(row.state or State.RECEIVED, row.sms), "list_key")
        elif order_id and row.state in OPEN_STATES:
            quiet.append(order_id)
    Order.objects.filter(pk__in=quiet, status__in=OPEN).update(synced_at=Now())


def _settle_strays(provider: Provider, rows: Sequence[ActiveActivation], began: datetime) -> None:
    by_id = {row.activation_id: row for row in rows}
    _remember(provider, rows)
    waiting = StrayActivation.objects.filter(provider=provider, activation_id__in=by_id, settled_at=None)
    for stray in waiting.order_by("first_seen_at"):
        _settle_stray(stray, by_id[stray.activation_id], began)


def _remember(provider: Provider, rows: Sequence[ActiveActivation]) -> None:
    known = StrayActivation.objects.filter(provider=provider, activation_id__in=[row.activation_id for row in rows])
    known_ids = set(known.values_list("activation_id", flat=True))
    new = [
        StrayActivation(
            provider=provider,
            activation_id=row.activation_id,
            phone=row.phone,
            service_code=row.service,
            country_code=row.country,
            cost=row.cost,
        )
        for row in rows
        if row.activation_id not in known_ids
    ]
    StrayActivation.objects.bulk_create(new, ignore_conflicts=True)


def _settle_stray(stray: StrayActivation, row: ActiveActivation, began: datetime) -> None:
    """The oldest attempt for its pair that was sent before anyone saw it owns it; who still waits goes first.

    Not while such a call is in flight: its reply may bring this very number. One that no attempt explains
    stays as it is, and the watch tells ops.
    """
    pair = Q(provider=stray.provider_id, service_id=row.service, country=row.country)
    attempts = UpstreamAttempt.objects.filter(pair, _may_own_a_stray(stray.first_seen_at))
    attempts = attempts.filter(sent_at__lt=stray.first_seen_at)
    if attempts.filter(outcome=Outcome.IN_FLIGHT, sent_at__gt=began - IN_FLIGHT).exists():
        return
    has_ended = Case(When(order__status=Status.WAITING, then=0), default=1)
    attempt = attempts.order_by(has_ended, "sent_at").first()
    if attempt is None or not row.phone:
        return
    if settle_bought(attempt.order_id, Activation(row.activation_id, row.phone, row.cost, None)):
        failpoint("sweep.adopted")
        log.warning("activation_adopted", order_id=attempt.order_id, activation_id=row.activation_id)
        void_loss(attempt.order_id, f"its number {row.activation_id} turned up")
        _close(StrayActivation.objects.filter(pk=stray.pk), f"adopted by order {attempt.order_id}")


def _may_own_a_stray(seen: datetime | Now) -> Q:
    """Attempts without a number. A late list may show one shortly after the refund: then it is given back."""
    given_up = Q(outcome=Outcome.ABANDONED, sent_at__gt=seen - HOLD_AT_MOST)
    return Q(outcome__in=UNSETTLED) | given_up | _given_up_unseen(seen)


def _given_up_unseen(seen: datetime | Now) -> Q:
    """Refunded before there was a whole list: the first ones after it decide whose its number was."""
    return Q(outcome=Outcome.ABANDONED, clean_listings__lt=CLEAN_LISTINGS, sent_at__gt=seen - REMEMBERED)


def _close_owned(provider: Provider) -> None:
    """A list may be faster than the purchase's own reply. The number need not be listed any more."""
    owner = Order.objects.filter(provider=provider, activation_id=OuterRef("activation_id"))
    _close(StrayActivation.objects.filter(Exists(owner), provider=provider), "its order was told")


def _close(strays: QuerySet[StrayActivation], settlement: str) -> None:
    strays.filter(settled_at=None).update(settled_at=Now(), settlement=settlement)


def _count_clean_listing(
    provider: Provider, adapter: Upstream, began: datetime, strays: Sequence[ActiveActivation]
) -> None:
    """Two whole lists, begun after the call was over, without its number: the purchase did not happen.

    Two lists that were read at the same time are one.
    """
    over = UpstreamAttempt.objects.filter(
        Q(outcome__in=UNSETTLED) | _given_up_unseen(began),
        ~Exists(_possible_numbers(provider, strays, began)),
        provider=provider,
        sent_at__lt=began - IN_FLIGHT,
    )
    over.exclude(listed_at__gt=began).update(clean_listings=F("clean_listings") + 1, listed_at=database_now())
    missing = list(over.filter(outcome__in=UNSETTLED, clean_listings__gte=CLEAN_LISTINGS).order_by("sent_at"))
    if missing:
        _fail_missing(provider, adapter, missing, began)


def _fail_missing(provider: Provider, adapter: Upstream, missing: Sequence[UpstreamAttempt], now: datetime) -> None:
    """Refund what certainly was not bought; in doubt wait, and after two minutes refund with the cost left open."""
    doubt = _doubt(provider, adapter, missing[0].sent_at, now)
    for attempt in missing:
        if doubt and now - attempt.sent_at <= HOLD_AT_MOST:
            continue
        log.warning("purchase_did_not_happen", order_id=attempt.order_id, doubt=doubt)
        failpoint("sweep.missing")
        _give_up(attempt, with_open_cost=bool(doubt))


@transaction.atomic
def _give_up(attempt: UpstreamAttempt, *, with_open_cost: bool) -> None:
    if fail_reserved(attempt.order_id, Outcome.ABANDONED, attempt.token) and with_open_cost:
        record_loss(Order.objects.select_related("provider").get(pk=attempt.order_id), Cause.OPEN_COST)


def _possible_numbers(
    provider: Provider, strays: Sequence[ActiveActivation], began: datetime
) -> QuerySet[StrayActivation]:
    """Numbers in the list that may yet turn out to be the outer attempt's."""
    return StrayActivation.objects.filter(
        provider=provider,
        activation_id__in=[row.activation_id for row in strays],
        settled_at=None,
        service_code=OuterRef("service_id"),
        country_code=OuterRef("country_id"),
        first_seen_at__gt=OuterRef("sent_at"),
    ).filter(first_seen_at__gt=began - HOLD_AT_MOST)


def _doubt(provider: Provider, adapter: Upstream, since: datetime, now: datetime) -> str:
    """What in the provider's history speaks against "not bought": a kept number that nobody owns, or no answer."""
    if not adapter.has_history:
        return ""
    try:
        rows = adapter.history(since - CLOCKS_DIFFER, now + CLOCKS_DIFFER)
    except UpstreamError as error:
        return f"no history: {error.token}"
    ids = {row.activation_id for row in rows if row.state != State.CANCELLED}
    known = Order.objects.filter(provider=provider, activation_id__in=ids)
    strays = StrayActivation.objects.filter(provider=provider, activation_id__in=ids)
    unexplained = ids - set(known.values_list("activation_id", flat=True))
    unexplained -= set(strays.values_list("activation_id", flat=True))
    return f"unexplained: {' '.join(sorted(unexplained))}" if unexplained else ""


def _poll_missing(provider: Provider, listed: set[str], began: datetime) -> bool:
    """An open order that the list lacks, or does not call open, has ended there, or the list is late: ask alone.

    True where one that no lag explains still waits: such a list proves nothing about other numbers either.
    """
    missing = Order.objects.filter(
        provider=provider, status__in=OPEN, activation_id__isnull=False, bought_at__lt=began
    ).exclude(activation_id__in=listed)
    stale = missing.filter(synced_at__lt=began)
    _poll_each(stale.order_by("synced_at").values_list("pk", flat=True)[:50])
    return missing.filter(status=Status.WAITING, bought_at__lt=began - IN_FLIGHT).exists()


def _poll_stale(provider: Provider) -> None:
    """Where nothing can be listed: the orders not asked about for longest, as far as the budget goes."""
    stale = Order.objects.filter(
        provider=provider, status__in=OPEN, activation_id__isnull=False, synced_at__lt=Now() - STALE_AFTER
    )
    _poll_each(stale.order_by("synced_at").values_list("pk", flat=True)[:50])


def _poll_each(order_ids: Iterable[str]) -> None:
    for order_id in order_ids:
        claim = Order.objects.filter(pk=order_id, status__in=OPEN, synced_at__lt=Now() - STALE_AFTER)
        if not claim.update(synced_at=Now()):
            continue
        if poll(Order.objects.select_related("provider").get(pk=order_id)) is None:
            return  # no answer, or no budget left: the others have their turn in the next sweep


def _fail_unlisted(provider: Provider, after: timedelta) -> None:
    """No list to look in for so long: the customer is refunded, and ops get the open cost."""
    overdue = UpstreamAttempt.objects.filter(provider=provider, outcome__in=UNSETTLED, sent_at__lt=Now() - after)
    for attempt in overdue.order_by("sent_at"):
        _give_up(attempt, with_open_cost=True)
