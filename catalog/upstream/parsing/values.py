"""Single values, which come as numbers or as strings."""

import re
from decimal import Decimal
from typing import Any

from catalog.upstream.errors import Unclear

MAX_MONEY = Decimal(1_000_000)
MAX_COUNT = 2**31 - 1
MAX_TEXT = 10_000
_MONEY = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,12})?")
_WHOLE = re.compile(r"[0-9]{1,10}")
_ID = re.compile(r"[0-9]{1,20}")
_PHONE = re.compile(r"\+?([0-9]{6,15})")
_CODE = re.compile(r"([A-Za-z0-9]{1,16})(_[01])?")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def amount(value: Any) -> Decimal:
    """Money that may be below zero: a balance. Raises Unclear."""
    number = Decimal("NaN")
    if isinstance(value, str) and _MONEY.fullmatch(value.strip()):
        number = Decimal(value.strip())
    elif isinstance(value, Decimal | int) and not isinstance(value, bool):
        number = Decimal(value)
    if not number.is_finite() or not -MAX_MONEY <= number <= MAX_MONEY or _decimals(number) > 12:
        raise Unclear("BAD_MONEY")
    return number


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def money(value: Any) -> Decimal:
    """A cost, from 0. Raises Unclear."""
    number = amount(value)
    if number < 0:
        raise Unclear("BAD_MONEY")
    return number


def money_or_none(value: Any) -> Decimal | None:
    return None if value is None or value == "" else money(value)


def whole_or_none(value: Any) -> int | None:
    """A count or a country; None for null, an empty string, and anything that is no such number."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MAX_COUNT else None


def count(value: Any) -> int:
    """Raises Unclear."""
    number = whole_or_none(value)
    if number is None:
        raise Unclear("BAD_COUNT")
    return number


def activation_id(value: Any) -> str:
    """Digits, kept as text; the same provider sends numbers and strings. Raises Unclear."""
    text = _digits(value)
    if not _ID.fullmatch(text) or not text.strip("0"):
        raise Unclear("BAD_ACTIVATION_ID")
    return text


def phone(value: Any) -> str:
    """E.164 with the plus. Raises Unclear."""
    match = _PHONE.fullmatch(_digits(value))
    if match is None:
        raise Unclear("BAD_PHONE")
    return f"+{match[1]}"


def phone_or_empty(value: Any) -> str:
    match = _PHONE.fullmatch(_digits(value))
    return f"+{match[1]}" if match else ""


def _digits(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value < 10**20 else ""
    return value.strip() if isinstance(value, str) else ""


def service_code(value: Any) -> str | None:
    """Without the forwarding flag that old replies append (`tg_0`); None where it is no code."""
    match = _CODE.fullmatch(value.strip()) if isinstance(value, str) else None
    return match[1] if match else None


def text(value: Any) -> str:
    """A string or a number as text, without what a database cannot keep; else empty. Raises Unclear."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    if len(value) > MAX_TEXT:
        raise Unclear("TEXT_TOO_LONG")
    return _UNSTORABLE.sub("", value).strip()


def rows_of(value: Any) -> list[Any] | None:
    """The rows of an array, or of the object that a list with gaps becomes; None for anything else."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else None
