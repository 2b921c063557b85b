"""The countries of one service as its page shows them: what a number costs, what came of others, what is missing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from catalog.models import Country, Service
from catalog.names import fold
from catalog.odds import Odds, Window
from catalog.search import Found, search_countries
from catalog.selectors import Listed, offers_of
from jiema.languages import number
from jiema.templatetags.jiema_tags import country_name

SHOWN = 30
FEW_CODES = 10
"""Of fewer codes than these no nine in ten are told."""


class Sort(TextChoices):
    COST = "cost", gettext_lazy("Best value")
    PRICE = "price", gettext_lazy("Price")
    CHANCE = "chance", gettext_lazy("Chance")
    NAME = "name", gettext_lazy("Name")


@dataclass(frozen=True, slots=True)
class Row:
    """missing_cents: what the customer has to pay in first; 0 where it is enough, and for visitors."""

    offer: Listed
    name: str
    missing_cents: int

    @property
    def country(self) -> Country:
        return self.offer.price.country

    @property
    def odds(self) -> str:
        return odds_line(self.offer.odds)

    @property
    def missing_dollars(self) -> str:
        """As the address of the top-up page takes it."""
        return f"{self.missing_cents // 100}.{self.missing_cents % 100:02}"


@dataclass(frozen=True, slots=True)
class Counter:
    """rows: those shown, of total. sold: how many countries there are without a search."""

    rows: list[Row]
    total: int
    sold: int
    sort: Sort
    is_corrected: bool
    least_cents: int | None


def counter_of(service: Service, words: str, sort: Sort, *, purse: int | None, everything: bool) -> Counter:
    """words: a search; empty for all countries. purse: what may be spent, US cents; None for visitors."""
    offers = offers_of(service)
    rows = [_row(each, purse) for each in offers]
    found = search_countries(words, [each.country.pk for each in rows]) if words else None
    ordered = _ordered(rows, sort, found)
    return Counter(
        rows=ordered if everything else ordered[:SHOWN],
        total=len(ordered),
        sold=len(rows),
        sort=sort,
        is_corrected=found is not None and found.is_corrected,
        least_cents=offers[0].price.price_cents if offers else None,
    )


def _row(offer: Listed, purse: int | None) -> Row:
    missing = 0 if purse is None else max(0, offer.price.price_cents - purse)
    return Row(offer, country_name(offer.price.country), missing)


def _ordered(rows: list[Row], sort: Sort, found: Found | None) -> list[Row]:
    """Of a search the nearest names first."""
    rows = sorted(rows, key=lambda row: (_KEYS[sort](row), row.offer.price.price_cents, row.country.pk))
    if found is None:
        return rows
    return sorted((row for row in rows if row.country.pk in found.ids), key=lambda row: found.ids[row.country.pk])


_KEYS: dict[Sort, Callable[[Row], Any]] = {
    Sort.COST: lambda row: row.offer.expected_cents,
    Sort.PRICE: lambda row: row.offer.price.price_cents,
    Sort.CHANCE: lambda row: -row.offer.chance,
    Sort.NAME: lambda row: _alphabet(row.name),
}


def _alphabet(name: str) -> str | bytes:
    """In the reader's order. The signs of GB 2312 that are in use are sorted by their sound (pinyin) there."""
    return name.encode("gb18030") if get_language() == "zh-hans" else fold(name)


def odds_line(odds: Odds) -> str:
    """Of the last day where enough numbers were bought, else of the week; counts and seconds, no percentage."""
    if odds.day.is_tested:
        return _of_the_day(odds.day)
    return _of_the_week(odds.week) if odds.week.is_tested else _("Not tested yet")


def _of_the_day(window: Window) -> str:
    if window.arrived >= FEW_CODES:
        text = _("%(arrived)s of %(bought)s codes arrived in 24 h, median %(median)s s, 9 in 10 within %(p90)s s")
    elif window.arrived:
        text = _("%(arrived)s of %(bought)s codes arrived in 24 h, median %(median)s s")
    else:
        text = _("%(arrived)s of %(bought)s codes arrived in 24 h")
    return text % _figures(window)


def _of_the_week(window: Window) -> str:
    if window.arrived >= FEW_CODES:
        text = _("%(arrived)s of %(bought)s codes arrived in 7 days, median %(median)s s, 9 in 10 within %(p90)s s")
    elif window.arrived:
        text = _("%(arrived)s of %(bought)s codes arrived in 7 days, median %(median)s s")
    else:
        text = _("%(arrived)s of %(bought)s codes arrived in 7 days")
    return text % _figures(window)


def _figures(window: Window) -> dict[str, str]:
    return {
        "arrived": number(window.arrived),
        "bought": number(window.bought),
        "median": number(window.median_seconds or 0),
        "p90": number(window.p90_seconds or 0),
    }
