"""What the sms-activate family calls things: its country ids and service codes, with slugs of our own.

Facts only; whether a provider sells them today is for its price list to say.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Country:
    """slug: ISO alpha-2 in lower case, but `us-virtual` for the second United States (12).

    name: English, as providers of the family send it.
    mobile: shape of a mobile number after the dial code; `#` stands for any digit.
    live: on sale at a large provider in August 2026.
    """

    id: int
    iso2: str
    slug: str
    dial_code: str
    mobile: str
    live: bool
    name: str


@dataclass(frozen=True, slots=True)
class Service:
    """Slugs are unique, and no slug is another service's code. `full` is the rent of a whole number."""

    code: str
    slug: str
    live: bool
    name: str


@cache
def countries() -> tuple[Country, ...]:
    """By id."""
    return tuple(
        Country(int(id_), iso2, slug, dial_code, mobile, live == "1", name)
        for id_, iso2, slug, dial_code, mobile, live, name in _rows("countries.tsv")
    )


@cache
def services() -> tuple[Service, ...]:
    """The most popular first."""
    return tuple(Service(code, slug, live == "1", name) for code, slug, live, name in _rows("services.tsv"))


def _rows(name: str) -> list[list[str]]:
    text = files(__package__).joinpath(name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines()[1:]]
