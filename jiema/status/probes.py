"""How each part of the shop is doing now, by what it did last; in customers' words, who know no provider."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.topups import methods
from accounts.topups.models import Method, PaymentMethod, TopUpTerms
from catalog.models import Provider
from jiema import health
from jiema.alarms.models import Alarm, Tick
from jiema.status.models import State
from jiema.watch import WORKER
from orders.models import SalesStop

Text = str | Promise
FEW = 10
"""Of fewer orders than this within the hour nothing is concluded."""

# In the last hour and in the last day: orders taken, numbers got for them, numbers whose wait is over, codes among
# those. BRIN on created_at finds the day.
_FIGURES = """
SELECT {hour}, {day} FROM orders_order WHERE created_at > now() - interval '1 day'
"""
_COUNTS = (
    "TRUE",
    "activation_id IS NOT NULL",
    "activation_id IS NOT NULL AND status <> 'WAITING'",
    "activation_id IS NOT NULL AND status IN ('RECEIVED', 'COMPLETED')",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """From the shop's own orders. asked: orders; got: with a number; over: no longer waiting for a code; codes."""

    asked: int
    got: int
    over: int
    codes: int


@dataclass(frozen=True, slots=True)
class Reading:
    """part: its key in the history. since: when what is wrong began, where that is known."""

    part: str
    name: Text
    state: State
    text: Text
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Readings:
    """All parts at one moment."""

    parts: tuple[Reading, ...]
    hour: Figures
    day: Figures
    sales_paused_since: datetime | None


def read() -> Readings:
    """Raises DatabaseError where the database is away or too busy."""
    hour, day = _figures()
    stop = SalesStop.objects.filter(lifted_at=None).order_by("stopped_at").first()
    paused_since = stop.stopped_at if stop else None
    providers = list(Provider.objects.filter(is_enabled=True))
    selling = (_buying(paused_since, hour), _supply(providers), _prices(providers), _codes(hour))
    return Readings((_database(), *selling, *_payments(), _worker()), hour, day, paused_since)


def _figures() -> tuple[Figures, Figures]:
    day = ", ".join(f"count(*) FILTER (WHERE {each})" for each in _COUNTS)
    hour = day.replace("(WHERE ", "(WHERE created_at > now() - interval '1 hour' AND ")
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES.format(hour=hour, day=day))
        row = cursor.fetchone()
    return Figures(*row[: len(_COUNTS)]), Figures(*row[len(_COUNTS) :])


def _database() -> Reading:
    """Whoever asks got here by it."""
    return Reading("database", _("Accounts, orders and balances"), State.UP, _("They can be read and changed."))


def _buying(paused_since: datetime | None, hour: Figures) -> Reading:
    name = _("Buying numbers")
    if paused_since:
        text = _("Sales are paused. Numbers that were bought before go on, and refunds too.")
        return Reading("buying", name, State.DOWN, text, paused_since)
    if hour.asked < FEW:
        return Reading("buying", name, State.UP, _("Numbers can be ordered."))
    if not hour.got:
        text = _("No order of the last hour got a number. Their prices were paid back.")
        return Reading("buying", name, State.DOWN, text)
    if hour.got * 2 < hour.asked:
        text = _("Most orders of the last hour got no number. Their prices were paid back.")
        return Reading("buying", name, State.IMPAIRED, text)
    return Reading("buying", name, State.UP, _("Numbers can be ordered."))


def _supply(providers: list[Provider]) -> Reading:
    """Selling or not, over all providers: what one lacks another may have."""
    name = _("Number supply")
    silent = dict(_open_alarms("provider_down").values_list("subject", "raised_at"))
    began = [moment for each in providers if (moment := each.paused_at or silent.get(each.name))]
    if len(began) < len(providers):
        if not began:
            return Reading("supply", name, State.UP, _("Numbers come in."))
        return Reading("supply", name, State.IMPAIRED, _("Some numbers can't be bought right now."), min(began))
    text = _("No number can be bought right now. What you order meanwhile is paid back at once.")
    return Reading("supply", name, State.DOWN, text, max(began, default=None))


def _prices(providers: list[Provider]) -> Reading:
    name = _("Prices and stock")
    late = [
        at
        for at in (each.synced_at for each in providers)
        if at is None or timezone.now() - at > health.MAX_CATALOGUE_AGE
    ]
    if not late:
        return Reading("prices", name, State.UP, _("They are fresh."))
    began = min((at + health.MAX_CATALOGUE_AGE for at in late if at), default=None)
    text = _("Some are older than 15 minutes. You never pay more than the price that you saw.")
    return Reading("prices", name, State.IMPAIRED, text, began)


def _codes(hour: Figures) -> Reading:
    name = _("Codes")
    if hour.over < FEW:
        text = _("Too few numbers were bought in the last hour to tell.")
        return Reading("codes", name, State.UNKNOWN, text)
    if not hour.codes:
        text = _("No number of the last hour brought a code. Each is paid back.")
        return Reading("codes", name, State.IMPAIRED, text)
    return Reading("codes", name, State.UP, _("Codes arrive."))


def _payments() -> Iterator[Reading]:
    """Each way to pay that ops offer. Its gateway is asked when anybody pays, and every ten minutes anyway."""
    is_open = TopUpTerms.now().is_open
    down = dict(_open_alarms("gateway_down").values_list("subject", "raised_at"))
    for method in PaymentMethod.objects.filter(is_enabled=True):
        if methods.is_configured(method.gateway):
            yield _payment(method, down.get(method.gateway), is_open=is_open)


def _payment(method: PaymentMethod, down_since: datetime | None, *, is_open: bool) -> Reading:
    part = f"pay-{method.gateway}"
    name = method.title or Method(method.gateway).label
    if not is_open:
        return Reading(part, name, State.DOWN, _("Top-ups are paused. Payments on their way are credited."))
    if down_since:
        text = _("The payment service does not answer. Payments on their way are credited when it does.")
        return Reading(part, name, State.DOWN, text, down_since)
    return Reading(part, name, State.UP, _("Payments are taken."))


def _worker() -> Reading:
    """What goes on while nobody looks: refunds of numbers whose time is over, payments that come late, mails."""
    name = _("Automatic work")
    tick = Tick.objects.filter(pk=WORKER).first()
    if tick is None:
        return Reading("worker", name, State.UNKNOWN, _("It has not run yet."))
    if timezone.now() - tick.at <= health.WORKER_SILENT_AFTER:
        return Reading("worker", name, State.UP, _("Refunds, late payments and mails go on by themselves."))
    text = _("Refunds of expired numbers, late payments and mails are late. Nothing is lost; they follow.")
    return Reading("worker", name, State.IMPAIRED, text, tick.at)


def _open_alarms(code: str) -> QuerySet[Alarm]:
    return Alarm.objects.filter(code=code, cleared_at=None)


def worst(states: Iterable[State]) -> State:
    found = set(states)
    return next((each for each in (State.DOWN, State.IMPAIRED, State.UP) if each in found), State.UNKNOWN)
