"""Single values: money and times as the dialects write them, parameters as clients send them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

from catalog.upstream.sandbox.engine.refusals import bad_field

Params = Mapping[str, str]

_MOSCOW = timezone(timedelta(hours=3))
_WHOLE = re.compile("[0-9]{1,18}")
_NO = frozenset({"", "0", "false"})


def plain(amount: Decimal) -> str:
    """Trailing zeros trimmed: 0.35"""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def balance_text(amount: Decimal) -> str:
    """As `plain`, but always with a decimal point: some clients read nothing without it."""
    text = plain(amount)
    return text if "." in text else f"{text}.0"


def zoneless(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def zoned(at: float) -> str:
    return datetime.fromtimestamp(at, _MOSCOW).isoformat(timespec="seconds")


def flag(params: Params, name: str) -> bool:
    return params.get(name, "").lower() not in _NO


def whole(params: Params, name: str, default: int | None = None) -> int:
    """A number, or the default where none is given. Raises Refusal for anything else."""
    text = params.get(name, "")
    if not text and default is not None:
        return default
    if not text:
        raise bad_field(name, "REQUIRED")
    if not _WHOLE.fullmatch(text):
        raise bad_field(name, message=f"Param '{name}' must be a number")
    return int(text)


def money(params: Params, name: str) -> Decimal | None:
    text = params.get(name, "")
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise bad_field(name) from None
    if not amount.is_finite():
        raise bad_field(name)
    return amount
