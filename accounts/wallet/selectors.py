"""What a wallet's entries say: an order's money trail, and the statement of a period."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from accounts.wallet.models import Entry, Kind

STREAMED_AT_ONCE = 1000


def trail(user_id: str, cause: str) -> list[Entry]:
    """All that moved in this wallet because of one thing, such as "order:c1x…", the oldest first."""
    return list(Entry.objects.filter(wallet=user_id, kind__in=Kind.values, reference=cause).order_by("pk"))


def has_income(user_id: str) -> bool:
    return Entry.objects.filter(wallet=user_id, amount_cents__gt=0).exists()


@dataclass(frozen=True, slots=True)
class Period:
    """since is in it, until is not; None is without an end."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self) -> Q:
        since = Q(created_at__gte=self.since) if self.since else Q()
        return since & (Q(created_at__lt=self.until) if self.until else Q())


@dataclass(frozen=True, slots=True)
class Totals:
    """US cents, whole: opening + came + went = closing. went is negative or zero."""

    opening: int
    came: int
    went: int

    @property
    def closing(self) -> int:
        return self.opening + self.came + self.went


def entries_of(user_id: str, period: Period, kind: str = "") -> QuerySet[Entry]:
    """Newest first. kind: one of Kind, or empty for all."""
    entries = Entry.objects.filter(period.holds(), wallet=user_id)
    return (entries.filter(kind=kind) if kind else entries).order_by("-pk")


def totals(user_id: str, period: Period, kind: str = "") -> Totals:
    """Of the period's entries of this kind; the opening balance is made of all entries before it."""
    opening = 0
    if period.since:
        before = Entry.objects.filter(wallet=user_id, created_at__lt=period.since)
        opening = before.aggregate(cents=Sum("amount_cents", default=0))["cents"]
    moved = entries_of(user_id, period, kind).aggregate(
        came=Sum("amount_cents", filter=Q(amount_cents__gt=0), default=0),
        went=Sum("amount_cents", filter=Q(amount_cents__lt=0), default=0),
    )
    return Totals(int(opening), int(moved["came"]), int(moved["went"]))


def stream(entries: QuerySet[Entry]) -> Iterator[Entry]:
    """All of them, newest first, a thousand in memory at a time and no transaction open."""
    last: int | None = None
    while True:
        page = list((entries.filter(pk__lt=last) if last else entries)[:STREAMED_AT_ONCE])
        yield from page
        if len(page) < STREAMED_AT_ONCE:
            return
        last = page[-1].pk
