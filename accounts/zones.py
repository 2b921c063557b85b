"""Time zones to choose from."""

from datetime import datetime
from functools import cache
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global
from babel.dates import get_timezone_location

from jiema.languages import current_locale

# CLDR's names of continents; what lies in an ocean comes last.
REGIONS = {
    "Asia": "142",
    "Europe": "150",
    "Africa": "002",
    "America": "019",
    "Australia": "009",
    "Pacific": "009",
}
ELSEWHERE = "001"
LONGEST = 40
Choices = list[tuple[str, list[tuple[str, str]]]]


def zone_or_none(name: str) -> str | None:
    """The name if there is such a zone. As cookies have it, too: Asia%2FJakarta."""
    plain = unquote(name)
    return plain if len(plain) <= LONGEST and plain in _all() else None


def zone_choices() -> Choices:
    """By continent, in the reader's language: each city with how far it is from UTC now."""
    locale = current_locale()
    groups: dict[str, list[tuple[str, str]]] = {code: [] for code in [*dict.fromkeys(REGIONS.values()), ELSEWHERE]}
    now = datetime.now(ZoneInfo("UTC"))
    for name in _cities():
        city = get_timezone_location(ZoneInfo(name), locale=locale, return_city=True)
        region = REGIONS.get(name.partition("/")[0], ELSEWHERE)
        groups[region].append((name, f"{city} (UTC{_offset(now, name)})"))
    named = [
        (_capital(locale.territories[code]), sorted(rows, key=lambda row: row[1])) for code, rows in groups.items()
    ]
    return [(name, rows) for name, rows in named if rows]


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


@cache
def _all() -> set[str]:
    return available_timezones()


@cache
def _cities() -> list[str]:
    """Those of places, without the second names that many zones have."""
    places = [name for name in get_global("zone_territories") if not name.startswith("Etc/")]
    return [name for name in places if "/" in name and name in _all()]


def _offset(now: datetime, name: str) -> str:
    minutes = int(now.astimezone(ZoneInfo(name)).utcoffset().total_seconds() // 60)  # type: ignore[union-attr]
    hours, rest = divmod(abs(minutes), 60)
    return f"{'−' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
