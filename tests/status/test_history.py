"""Ninety days of each part: minutes that are known, and gaps that are not made up."""

from datetime import UTC, date, datetime, timedelta

import pytest

from jiema.status import history
from jiema.status.models import ProbeDay, State
from jiema.status.probes import Reading
from jiema.status.tasks import record

pytestmark = pytest.mark.django_db
DAY = 1440


def today() -> date:
    return datetime.now(UTC).date()


def readings(state: State) -> list[Reading]:
    return [Reading("supply", "Number supply", state, "")]


def minute_passes() -> None:
    ProbeDay.objects.update(last_minute=datetime.now(UTC) - timedelta(minutes=2))


def kept(days_ago: int, **minutes: int) -> None:
    last = datetime.now(UTC) - timedelta(days=days_ago)
    ProbeDay.objects.create(part="supply", day=today() - timedelta(days=days_ago), last_minute=last, **minutes)


def past() -> history.Past:
    return history.pasts(["supply"])["supply"]


def counts() -> list[tuple[date, int, int, int]]:
    return list(ProbeDay.objects.values_list("day", "up", "impaired", "down"))


def test_minutes_are_counted_once_each() -> None:
    for state in (State.UP, State.UP, State.DOWN):
        history.record(readings(state))
    assert counts() == [(today(), 1, 0, 0)]
    minute_passes()
    history.record(readings(State.DOWN))
    minute_passes()
    history.record(readings(State.IMPAIRED))
    assert counts() == [(today(), 1, 1, 1)]


def test_what_is_unknown_is_not_counted() -> None:
    history.record(readings(State.UNKNOWN))
    assert counts() == []


def test_the_tick_records_every_part_of_a_real_shop() -> None:
    record()
    assert dict(ProbeDay.objects.values_list("part", "down")) == {"database": 0, "buying": 0, "supply": 1, "prices": 0}


def test_days_of_which_nothing_is_known_are_unknown() -> None:
    kept(1, up=DAY)
    days = past().days
    assert (len(days), days[-1].day, days[0].day) == (90, today(), today() - timedelta(days=89))
    assert [str(day.state) for day in days[-3:]] == ["unknown", "up", "unknown"]
    assert (past().measured, past().up_percent) == (1, 100.0)


def test_a_day_of_which_half_is_known_has_a_gap() -> None:
    kept(2, up=DAY // 2)
    kept(1, up=DAY - 10)
    assert [day.has_gap for day in past().days[-3:-1]] == [True, False]


def test_trouble_shows_however_short() -> None:
    kept(3, up=DAY - 1, down=1)
    kept(2, up=DAY - 1, impaired=1)
    assert [str(day.state) for day in past().days[-4:-2]] == ["down", "impaired"]
    assert [day.down for day in past().bad_days] == [0, 1]
    assert past().up_percent == 99.93


def test_ninety_days_are_kept() -> None:
    kept(90, up=1)
    kept(89, up=2)
    history.record(readings(State.UP))
    assert [row[1] for row in sorted(counts())] == [2, 1]


def test_the_whole_past_is_one_query(django_assert_num_queries: object) -> None:
    for days_ago in range(5):
        kept(days_ago, up=1)
    with django_assert_num_queries(1):  # type: ignore[operator]
        history.pasts(["supply", "buying", "prices"])
