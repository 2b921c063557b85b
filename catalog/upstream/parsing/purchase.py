"""The three outcomes of a purchase."""

from datetime import datetime, timedelta
from typing import Any

from catalog.upstream.errors import Unclear
from catalog.upstream.parsing import values
from catalog.upstream.parsing.refusals import purchase_refusal
from catalog.upstream.parsing.wire import read
from catalog.upstream.types import Activation

_BOUGHT = "ACCESS_NUMBER"
_MAX_LIFETIME = timedelta(days=2)
_ENDS = ("activationEndTime", "activationEnd")


def parse_purchase(body: bytes, status: int) -> Activation:
    """What was bought, as text or JSON, at any status.

    Raises a Rejected only where the provider certainly sold nothing, else Unclear.
    """
    answer = read(body, status)
    if isinstance(answer, dict) and answer.get("activationId") is not None:
        return _from_json(answer)
    if isinstance(answer, str) and answer.startswith(_BOUGHT):
        return _from_text(answer)
    raise purchase_refusal(answer, status)


def _from_text(answer: str) -> Activation:
    head, *parts = answer.split(":", 3)
    if head != _BOUGHT or len(parts) < 2:
        raise Unclear("BAD_PURCHASE")
    return Activation(values.activation_id(parts[0]), values.phone(parts[1]), None, None)


def _from_json(answer: dict[str, Any]) -> Activation:
    return Activation(
        values.activation_id(answer["activationId"]),
        values.phone(answer.get("phoneNumber")),
        values.money_or_none(answer.get("activationCost")),
        _lifetime(answer),
    )


def _lifetime(answer: dict[str, Any]) -> timedelta | None:
    """End minus start; both in one unknown zone is good enough, one with a zone and one without is not."""
    start = _time(answer.get("activationTime"))
    end = next((_time(answer[name]) for name in _ENDS if answer.get(name)), None)
    if start is None or end is None or (start.tzinfo is None) != (end.tzinfo is None):
        return None
    lifetime = end - start
    return lifetime if timedelta() < lifetime <= _MAX_LIFETIME else None


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
