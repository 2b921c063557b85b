import json
from decimal import Decimal
from typing import Any

import pytest

from catalog.upstream import errors
from catalog.upstream.parsing.lists import parse_active, parse_history
from catalog.upstream.types import ActiveActivation, HistoryRow, State

ROW = {
    "activationId": "700100200",
    "serviceCode": "tg",
    "phoneNumber": "6281200000001",
    "activationCost": 0.18,
    "activationStatus": "4",
    "smsCode": None,
    "smsText": None,
    "countryCode": "6",
}
OPEN = ActiveActivation("700100200", "tg", 6, "+6281200000001", Decimal("0.18"), State.WAITING)
PAST = {
    "id": "700100200",
    "date": "2026-03-01 10:00:00",
    "phone": "6281200000001",
    "sms": None,
    "cost": 0.18,
    "status": "8",
    "currency": 840,
}


def active(reply: Any, status: int = 200) -> list[ActiveActivation]:
    return parse_active((reply if isinstance(reply, str) else json.dumps(reply)).encode(), status)


def history(reply: Any) -> list[HistoryRow]:
    return parse_history((reply if isinstance(reply, str) else json.dumps(reply)).encode(), 200)


@pytest.mark.parametrize(
    "reply",
    [
        [ROW],
        {"status": "success", "data": [ROW]},
        {"status": "success", "activeActivations": [ROW]},
        {"status": "success", "data": [], "activeActivations": [ROW]},
        {"status": "success", "data": [ROW], "activeActivations": {"num_rows": 1, "rows": [ROW]}},
        {"status": "success", "activeActivations": {"num_rows": 1, "row": [ROW], "rows": []}},
        {"status": "success", "activeActivations": {"0": ROW}},
    ],
)
def test_one_row_in_each_shape(reply: Any) -> None:
    assert active(reply) == [OPEN]


@pytest.mark.parametrize(
    "reply",
    [
        [],
        "NO_ACTIVATIONS",
        {"status": "error", "error": "NO_ACTIVATIONS"},
        {"status": "success", "data": []},
        {"status": "success", "data": [], "activeActivations": {"num_rows": 0, "row": [], "rows": []}},
    ],
)
def test_none_in_each_shape(reply: Any) -> None:
    assert active(reply) == []


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "<html>",
        "ERROR_SQL",
        {},
        {"status": "success"},
        {"status": "success", "data": None},
        {"status": "success", "data": "none"},
        {"status": "success", "data": [1]},
        {"status": "success", "data": [ROW | {"activationId": None}]},
        {"status": "success", "data": [ROW | {"activationCost": -1}]},
        {"status": "success", "activeActivations": {"num_rows": 2, "rows": [ROW]}},
        json.dumps([ROW, ROW])[:-20],
    ],
)
def test_a_list_that_is_not_whole_is_unclear(reply: Any) -> None:
    with pytest.raises(errors.Unclear):
        active(reply)


@pytest.mark.parametrize("status", [500, 502, 302])
def test_an_empty_list_with_a_bad_status_is_no_list(status: int) -> None:
    with pytest.raises(errors.Unclear):
        active("[]", status)


def test_a_dead_key_is_no_empty_list() -> None:
    with pytest.raises(errors.AccountTrouble):
        active({"title": "BAD_KEY", "details": "Unauthorized"}, 401)


@pytest.mark.parametrize(
    ("texts", "codes", "expected"),
    [
        ("Code 1", "1", ["Code 1"]),
        (None, "1", ["1"]),
        ("", 1, ["1"]),
        (["Code 1", "Code 2"], ["1", "2"], ["Code 1", "Code 2"]),
        (["Code 1", None], ["1", "2"], ["Code 1", "2"]),
        (["Code 1"], ["1", "2"], ["Code 1", "2"]),
        ('["Code 1"]', "[0123]", ["Code 1"]),
        (None, "[0123]", ["0123"]),
        ("[WhatsApp] code [1]", None, ["[WhatsApp] code [1]"]),
        ([], [], []),
    ],
)
def test_sms_of_a_row(texts: Any, codes: Any, expected: list[str]) -> None:
    (row,) = active([ROW | {"smsText": texts, "smsCode": codes}])
    assert [sms.body for sms in row.sms] == expected
    assert row.state == (State.RECEIVED if expected else State.WAITING)


def test_the_same_text_twice_in_a_row_is_two_sms() -> None:
    (once,) = active([ROW | {"smsText": ["hello"]}])
    (twice,) = active([ROW | {"smsText": ["hello", "hello"]}])
    assert twice.sms[0] == once.sms[0]
    assert twice.sms[1].key != once.sms[0].key


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (1, State.WAITING),
        ("2", None),
        ("3", State.WAITING_AGAIN),
        (6, State.FINISHED),
        ("7", State.CANCELLED),
        ("8", State.CANCELLED),
        ("10", State.CANCELLED),
        ("5", None),
        ("open", None),
        (None, None),
    ],
)
def test_states_of_a_row(number: Any, state: State | None) -> None:
    assert active([ROW | {"activationStatus": number}])[0].state == state


@pytest.mark.parametrize(
    ("number", "state"),
    [(1, State.RECEIVED), ("2", State.RECEIVED), ("4", State.RECEIVED), ("3", State.WAITING_AGAIN), ("5", None)],
)
def test_states_of_a_row_with_an_sms(number: Any, state: State | None) -> None:
    assert active([ROW | {"activationStatus": number, "smsCode": "12345"}])[0].state == state


def test_a_row_without_the_rest_still_has_its_id() -> None:
    assert active([{"activationId": 7}]) == [ActiveActivation("7", "", None, "", None, None)]


def test_history() -> None:
    (row,) = history([PAST | {"sms": "Code 1"}])
    assert (row.activation_id, row.phone, row.cost) == ("700100200", "+6281200000001", Decimal("0.18"))
    assert (row.state, row.sms[0].body) == (State.CANCELLED, "Code 1")


@pytest.mark.parametrize("reply", [{"data": [PAST]}, {"status": "success", "history": [PAST]}, [PAST]])
def test_history_in_each_shape(reply: Any) -> None:
    assert history(reply) == [HistoryRow("700100200", "+6281200000001", Decimal("0.18"), State.CANCELLED)]
