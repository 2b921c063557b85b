"""Pages of the list of open activations and of the history."""

from typing import Any

from catalog.upstream.errors import Unclear
from catalog.upstream.parsing import values
from catalog.upstream.parsing.refusals import refusal
from catalog.upstream.parsing.sms import in_row, told_in
from catalog.upstream.parsing.wire import Answer, read, word_of
from catalog.upstream.types import ActiveActivation, HistoryRow, Sms, State

# By observation, not by any document: 10 is a refund after a code.
_STATES = {
    "1": State.WAITING,
    "2": State.RECEIVED,
    "3": State.WAITING_AGAIN,
    "4": State.WAITING,
    "6": State.FINISHED,
    "7": State.CANCELLED,
    "8": State.CANCELLED,
    "10": State.CANCELLED,
}


def parse_active(body: bytes, status: int) -> list[ActiveActivation]:
    """Raises Unclear unless the page is whole and every row has an id."""
    return [_active(row) for row in _rows(read(body, status), status, ("data", "activeActivations"))]


def parse_history(body: bytes, status: int) -> list[HistoryRow]:
    """Raises Unclear unless the page is whole and every row has an id."""
    return [_past(row) for row in _rows(read(body, status), status, ("data", "history"))]


def _rows(answer: Answer, status: int, names: tuple[str, ...]) -> list[dict[str, Any]]:
    word = word_of(answer)
    if word and word.token == "NO_ACTIVATIONS" and 200 <= status < 300:  # noqa: S105
        return []
    if word or isinstance(answer, str) or not 200 <= status < 300:
        raise refusal(answer, status)
    rows = answer if isinstance(answer, list) else _listed(answer, names)
    if not all(isinstance(row, dict) for row in rows):
        raise Unclear("BAD_ROW")
    return rows


def _listed(answer: dict[str, Any], names: tuple[str, ...]) -> list[Any]:
    """The first of the named lists that has rows: Hero sends one filled and one empty."""
    lists = [rows for name in names if (rows := _list(answer.get(name))) is not None]
    if not lists:
        raise Unclear("NO_LIST")
    return next(filter(None, lists), [])


def _list(value: Any) -> list[Any] | None:
    if not isinstance(value, dict) or not value.keys() & {"rows", "row", "num_rows"}:
        return values.rows_of(value)
    rows: Any = next((value[name] for name in ("rows", "row") if value.get(name)), [])
    if not isinstance(rows, list) or len(rows) < (values.whole_or_none(value.get("num_rows")) or 0):
        raise Unclear("ROWS_MISSING")
    return rows


def _state(value: Any) -> State | None:
    number = values.whole_or_none(value)
    return None if number is None else _STATES.get(str(number))


def _active(row: dict[str, Any]) -> ActiveActivation:
    sms = in_row(row.get("smsText"), row.get("smsCode"))
    state = _state(row.get("activationStatus"))
    return ActiveActivation(
        activation_id=values.activation_id(row.get("activationId")),
        service=values.service_code(row.get("serviceCode")) or "",
        country=values.whole_or_none(row.get("countryCode")),
        phone=values.phone_or_empty(row.get("phoneNumber")),
        cost=values.money_or_none(row.get("activationCost")),
        state=_with(sms, state),
        sms=sms,
    )


def _with(sms: tuple[Sms, ...], state: State | None) -> State | None:
    """Seeing is believing: an SMS shows that it came, and without one the word `received` says nothing."""
    if sms:
        return State.RECEIVED if state is State.WAITING else state
    return None if state is State.RECEIVED else state


def _past(row: dict[str, Any]) -> HistoryRow:
    return HistoryRow(
        activation_id=values.activation_id(row.get("id") or row.get("activationId")),
        phone=values.phone_or_empty(row.get("phone")),
        cost=values.money_or_none(row.get("cost")),
        state=_state(row.get("status")),
        sms=told_in(row.get("sms")),
    )
