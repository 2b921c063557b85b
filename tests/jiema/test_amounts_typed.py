from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from jiema.fields import DollarsField

CODES = ("en", "id", "ms", "zh-hans")


def field() -> DollarsField:
    return DollarsField(least=Decimal("0.01"), most=Decimal(1_000_000))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("25", "25"),
        ("12.50", "12.50"),
        ("12,50", "12.50"),
        ("12,5", "12.5"),
        (" $12.50 ", "12.50"),
        ("US$ 12,50", "12.50"),
        ("12.50 usd", "12.50"),
        ("1,250.00", "1250.00"),
        ("1.250,00", "1250.00"),
        ("1.000.000", "1000000"),
        ("１２．５０", "12.50"),
        ("٣", "3"),
    ],
)
def test_an_amount_is_read_as_it_is_written_anywhere(typed: str, amount: str, code: str) -> None:
    with translation.override(code):
        assert field().clean(typed) == Decimal(amount)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("typed", ["1.250", "1,250", "25.000", "$ 999,999"])
def test_what_may_be_two_amounts_is_refused(typed: str, code: str) -> None:
    with translation.override(code), pytest.raises(ValidationError) as refused:
        field().clean(typed)
    assert refused.value.code == "two_ways"


def test_who_is_refused_reads_how_to_write_it() -> None:
    with pytest.raises(ValidationError) as refused:
        field().clean("1.250")
    assert refused.value.messages == ["This can be read in two ways. Please write 1250 or 1.25."]
    with translation.override("id"), pytest.raises(ValidationError) as refused:
        field().clean("1.250")
    assert refused.value.params == {"large": "1250", "small": "1,25"}


@pytest.mark.parametrize(
    "typed",
    [
        "ten",
        "1e3",
        "0.125",
        "0,125",
        "012.500",
        "1.2.3",
        "1,250,00",
        "12.345,678",
        "12.",
        ".5",
        "1 250",
        "12⁵⁰",
        "1²",
        "①00",
        "½",
        "-5",
        "+5",
    ],
)
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        field().clean(typed)
    assert refused.value.messages == ["Please enter an amount, such as 25 or 12.50."]


@pytest.mark.parametrize("typed", ["0", "0.00", "1000000.01"])
def test_bounds_hold(typed: str) -> None:
    with pytest.raises(ValidationError):
        field().clean(typed)


def test_a_form_shows_what_it_takes() -> None:
    with translation.override("id"):
        assert field().prepare_value(Decimal(1250)) == "1250,00"
        assert field().clean("1250,00") == Decimal(1250)
