"""How each of the four languages writes money, numbers, times and countries."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from catalog.models import Country
from jiema import languages
from jiema.templatetags import jiema_tags as tags

CODES = ("en", "id", "ms", "zh-hans")
# An hour before the clocks of New York go forward, and an hour after.
BEFORE, AFTER = datetime(2026, 3, 8, 6, 30, 5, tzinfo=UTC), datetime(2026, 3, 8, 7, 30, 5, tzinfo=UTC)


@pytest.fixture(params=CODES)
def code(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def in_each(*written: str) -> dict[str, str]:
    return dict(zip(CODES, written, strict=True))


@pytest.mark.parametrize(
    ("cents", "written"),
    [
        (0, in_each("$0.00", "US$0,00", "USD0.00", "US$0.00")),
        (5, in_each("$0.05", "US$0,05", "USD0.05", "US$0.05")),
        (123_456_789, in_each("$1,234,567.89", "US$1.234.567,89", "USD1,234,567.89", "US$1,234,567.89")),
        (-123_456, in_each("−$1,234.56", "−US$1.234,56", "−USD1,234.56", "−US$1,234.56")),
    ],
)
def test_money(cents: int, written: dict[str, str], code: str) -> None:
    with translation.override(code):
        assert languages.dollars(cents) == written[code]


def test_money_that_came_or_went_has_its_sign() -> None:
    with translation.override("id"):
        assert [tags.signed_dollars(each) for each in (1250, -1250, 0)] == ["+US$12,50", "−US$12,50", "US$0,00"]


def test_round_amounts(code: str) -> None:
    with translation.override(code):
        assert tags.round_dollars(100_000) == in_each("$1,000", "US$1.000", "USD1,000", "US$1,000")[code]


@pytest.mark.parametrize(("rate", "written"), [("10.00", "10%"), ("12.50", "12.5%"), ("0.25", "0.25%")])
def test_rates(rate: str, written: str) -> None:
    assert tags.percent(Decimal(rate)) == written


def test_numbers(code: str) -> None:
    written = in_each("1,234,567 99.97%", "1.234.567 99,97%", "1,234,567 99.97%", "1,234,567 99.97%")
    with translation.override(code):
        assert f"{languages.number(1_234_567)} {languages.percent(99.97)}" == written[code]
        assert languages.number(Decimal("0.5")) == ("0,5" if code == "id" else "0.5")


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("UTC", in_each("06:30:05 UTC", "06.30.05 UTC", "6:30:05\u202fPG UTC", "06:30:05 UTC")),
        ("Asia/Jakarta", in_each("13:30:05", "13.30.05", "1:30:05\u202fPTG", "13:30:05")),
        ("America/New_York", in_each("01:30:05", "01.30.05", "1:30:05\u202fPG", "01:30:05")),
    ],
)
def test_times_of_day(zone: str, written: dict[str, str], code: str) -> None:
    with translation.override(code), timezone.override(ZoneInfo(zone)):
        assert languages.clock(BEFORE, seconds=True) == written[code]


def test_an_hour_is_left_out_where_clocks_go_forward() -> None:
    with translation.override("en"), timezone.override(ZoneInfo("America/New_York")):
        assert [languages.clock(each) for each in (BEFORE, AFTER)] == ["01:30", "03:30"]


def test_days(code: str) -> None:
    written = in_each("8 Mar 2026, 06:30", "8 Mar 2026 06.30", "8 Mac 2026, 6:30\u202fPG", "2026年3月8日 06:30")
    with translation.override(code), timezone.override(ZoneInfo("Atlantic/Reykjavik")):
        assert languages.day_and_clock(BEFORE) == written[code]


def test_a_day_is_that_of_the_readers_zone() -> None:
    late = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    with timezone.override(ZoneInfo("Asia/Shanghai")), translation.override("zh-hans"):
        assert tags.when(late, "day") == '<time datetime="2026-12-31T23:30:00.000+00:00">2027年1月1日</time>'


@pytest.mark.parametrize(
    ("country", "written"),
    [
        (Country(iso2="DE", slug="de", name="Germany"), in_each("Germany", "Jerman", "Jerman", "德国")),
        (Country(iso2="", slug="satellite", name="Satellite"), in_each(*["Satellite"] * 4)),
        (Country(iso2="QQ", slug="qq", name="Nowhere"), in_each(*["Nowhere"] * 4)),
    ],
)
def test_countries(country: Country, written: dict[str, str], code: str) -> None:
    with translation.override(code):
        assert tags.country_name(country) == written[code]


def test_a_language_that_is_none_of_ours_is_written_as_english() -> None:
    with translation.override("de"):
        assert (languages.dollars(123), languages.number(1234)) == ("$1.23", "1,234")
    with translation.override(None):
        assert languages.dollars(123) == "$1.23"
