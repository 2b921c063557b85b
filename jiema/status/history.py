"""What the probes found, minute by minute, folded into days (UTC)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.utils import timezone

from jiema.status.models import ProbeDay, State
from jiema.status.probes import Reading, worst

DAYS = 90
MINUTES_OF_A_DAY = 24 * 60
NEARLY_ALL = 0.95
"""Of a day's minutes: a day of which less is known is shown as one with a gap."""

# One minute of one part counts once, however often it is told.
_COUNT = """
INSERT INTO status_probeday AS old (part, day, up, impaired, down, last_minute)
SELECT %(part)s, (now() AT TIME ZONE 'UTC')::date, %(up)s, %(impaired)s, %(down)s, date_trunc('minute', now())
ON CONFLICT (part, day) DO UPDATE
SET up = old.up + excluded.up, impaired = old.impaired + excluded.impaired, down = old.down + excluded.down,
    last_minute = excluded.last_minute
WHERE old.last_minute < excluded.last_minute
"""


def record(readings: Iterable[Reading]) -> None:
    """This minute. What is unknown is left out, and so is everything while nothing runs that could look."""
    with connection.cursor() as cursor:
        for reading in readings:
            counts = {str(state): int(reading.state == state) for state in (State.UP, State.IMPAIRED, State.DOWN)}
            if any(counts.values()):
                cursor.execute(_COUNT, {"part": reading.part, **counts})
    ProbeDay.objects.filter(day__lte=_today() - timedelta(days=DAYS)).delete()


def _today() -> date:
    return timezone.now().astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class Day:
    """One part on one day; minutes. has_gap: of a good part of the day nothing is known."""

    day: date
    up: int = 0
    impaired: int = 0
    down: int = 0
    has_gap: bool = True

    @property
    def state(self) -> State:
        counted = {State.DOWN: self.down, State.IMPAIRED: self.impaired, State.UP: self.up}
        return worst(state for state, minutes in counted.items() if minutes)


@dataclass(frozen=True, slots=True)
class Past:
    """The last 90 days of one part, oldest first."""

    days: tuple[Day, ...]

    @property
    def measured(self) -> int:
        """Days of which anything is known."""
        return sum(day.state != State.UNKNOWN for day in self.days)

    @property
    def up_percent(self) -> float | None:
        """Of the minutes that are known, rounded down to hundredths: what was not whole is not told as 100."""
        known = sum(day.up + day.impaired + day.down for day in self.days)
        return sum(day.up for day in self.days) * 10_000 // known / 100 if known else None

    @property
    def bad_days(self) -> list[Day]:
        return [day for day in reversed(self.days) if day.state in (State.IMPAIRED, State.DOWN)]


def pasts(parts: Iterable[str]) -> dict[str, Past]:
    """Of each part. One query."""
    now = timezone.now().astimezone(UTC)
    first = now.date() - timedelta(days=DAYS - 1)
    rows = {(row.part, row.day): row for row in ProbeDay.objects.filter(day__gte=first)}
    return {part: Past(tuple(_days(part, first, now, rows))) for part in parts}


def _days(part: str, first: date, now: datetime, rows: dict[tuple[str, date], ProbeDay]) -> Iterator[Day]:
    for number in range(DAYS):
        day = first + timedelta(days=number)
        row = rows.get((part, day))
        minutes = now.hour * 60 + now.minute if day == now.date() else MINUTES_OF_A_DAY
        if row is None:
            yield Day(day)
        else:
            yield Day(day, row.up, row.impaired, row.down, has_gap=row.known < minutes * NEARLY_ALL)
