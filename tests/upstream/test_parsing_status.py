import json
from typing import Any

import pytest

from catalog.upstream import errors
from catalog.upstream.parsing import following
from catalog.upstream.parsing.following import parse_done, parse_status, parse_status_v2
from catalog.upstream.types import State, Status

SMS = {"dateTime": "2026-03-01 10:00:00", "code": "12345", "text": "Your code 12345"}


def v2(reply: Any, status: int = 200) -> Status:
    return parse_status_v2((reply if isinstance(reply, str) else json.dumps(reply)).encode(), status)


def bodies(status: Status) -> list[str]:
    return [sms.body for sms in status.sms]


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        ("STATUS_WAIT_CODE", State.WAITING),
        ("STATUS_WAIT_RESEND", State.WAITING),
        ("STATUS_WAIT_RETRY", State.WAITING_AGAIN),
        ("STATUS_WAIT_RETRY:12345", State.WAITING_AGAIN),
        ("STATUS_CANCEL", State.CANCELLED),
        ("ACCESS_CANCEL", State.CANCELLED),
        ("NO_ACTIVATION", State.GONE),
        ("WRONG_ACTIVATION_ID", State.GONE),
    ],
)
def test_a_word_tells_a_state_without_sms(reply: str, state: State) -> None:
    assert parse_status(reply.encode(), 200) == v2(reply) == Status(state)


@pytest.mark.parametrize("code", ["0123", "123-456", "abc", "Kode: 12:34", "a\nb", "🔑 77"])
def test_everything_after_the_first_colon_is_the_code(code: str) -> None:
    status = parse_status(f"STATUS_OK:{code}".encode(), 200)
    assert (status.state, bodies(status)) == (State.RECEIVED, [code])


def test_an_unknown_id_as_json() -> None:
    assert v2({"title": "NOT_FOUND", "details": "Activation Not Found"}, 404) == Status(State.GONE)


@pytest.mark.parametrize(
    "reply",
    [
        {"verificationType": 0, "sms": None, "call": None},
        {"verificationType": 0},
        {"verificationType": "sms", "data": None},
        {"sms": []},
        {"sms": ""},
        {"sms": {"dateTime": "2026-03-01 10:00:00"}},
        {"data": {"id": "9", "phone": "6281200000001"}},
        {"sms": {"dateTime": None, "code": None, "text": None}},
    ],
)
def test_waiting_in_json(reply: dict[str, Any]) -> None:
    assert v2(reply) == Status(State.WAITING)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ({"sms": SMS}, ["Your code 12345"]),
        ({"sms": SMS | {"text": ""}}, ["12345"]),
        ({"sms": SMS | {"text": None, "code": 12345}}, ["12345"]),
        ({"sms": "Your code 12345"}, ["Your code 12345"]),
        ({"sms": ["one", "two"]}, ["one", "two"]),
        ({"sms": [SMS | {"dateTime": "2026-03-01 10:09:00", "text": "later"}, SMS]}, ["Your code 12345", "later"]),
        ({"sms": {"0": SMS}}, ["Your code 12345"]),
        ({"verificationType": "sms", "data": {"id": "9", "code": "1", "text": "t", "date": "d"}}, ["t"]),
        ({"sms": None, "call": {"from": "phone", "text": "", "code": "4411"}}, ["4411"]),
    ],
)
def test_sms_in_json(reply: dict[str, Any], expected: list[str]) -> None:
    status = v2(reply)
    assert (status.state, bodies(status)) == (State.RECEIVED, expected)


def test_the_key_is_the_providers_id_where_there_is_one() -> None:
    assert v2({"data": {"id": 9, "text": "t"}}).sms[0].key == "9"


def test_the_same_text_at_another_time_is_another_sms() -> None:
    first, again, later = (v2({"sms": SMS | {"dateTime": f"2026-03-01 10:0{n}:00"}}).sms[0] for n in (0, 0, 1))
    assert first == again
    assert first.key != later.key
    assert len(first.key) <= 64


def test_what_a_database_cannot_keep_is_left_out() -> None:
    assert bodies(v2('{"sms": {"text": "a\\u0000b\\ud800c"}}')) == ["abc"]


@pytest.mark.parametrize("status", [301, 401, 402, 403, 429, 500, 503])
@pytest.mark.parametrize("reply", ["STATUS_CANCEL", "STATUS_OK:1", '{"sms": {"text": "t"}}'])
def test_a_reply_from_the_door_says_nothing(reply: str, status: int) -> None:
    with pytest.raises((errors.Unclear, errors.Unavailable)):
        v2(reply, status)


@pytest.mark.parametrize("reply", ["", "<html>", "STATUS_OK:", "STATUS_OK", "ERROR_SQL", "{}", "[]", '{"sms": {"te'])
def test_no_state_in_it_is_unclear(reply: str) -> None:
    with pytest.raises(errors.Unclear):
        v2(reply)


def test_an_sms_of_absurd_length_is_unclear() -> None:
    with pytest.raises(errors.Unclear):
        v2({"sms": "x" * 20_000})


CANCEL = parse_done(following.CANCELLED)
DONE = [
    (following.CANCELLED, "ACCESS_CANCEL", 200),
    (following.CANCELLED, "ACCESS_CANCEL_ALREADY", 200),
    (following.CANCELLED, "STATUS_CANCEL", 200),
    (following.CANCELLED, "", 204),
    (following.CANCELLED, '{"status":"success"}', 200),
    (following.RETRY, "ACCESS_RETRY_GET", 200),
    (following.FINISHED, "ACCESS_ACTIVATION", 200),
    (following.FINISHED, "", 204),
]


@pytest.mark.parametrize(("done", "reply", "status"), DONE)
def test_done(done: frozenset[str], reply: str, status: int) -> None:
    assert parse_done(done)(reply.encode(), status) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("reply", "status", "kind"),
    [
        ("EARLY_CANCEL_DENIED", 200, errors.TooEarly),
        ("BAD_STATUS", 200, errors.WrongState),
        ("INCORECT_STATUS", 200, errors.WrongState),
        ("ACTIVATION_STATUS_CHANGED", 200, errors.WrongState),
        ('{"title":"ACTIVATION_NOT_ACTIVE"}', 409, errors.WrongState),
        ('{"title":"FREE_CANCELLATION_EXPIRED"}', 409, errors.WrongState),
        ("NO_ACTIVATION", 200, errors.UnknownActivation),
        ('{"title":"NOT_FOUND"}', 404, errors.UnknownActivation),
        ('{"title":"UNPROCESSABLE_ENTITY","info":{"field":"id"}}', 422, errors.UnknownActivation),
        ("ACCESS_APPROVED", 200, errors.CodeReceived),
        ('{"title":"OTP_RECEIVED"}', 409, errors.CodeReceived),
        ("BAD_KEY", 200, errors.AccountTrouble),
        ("BAD_ACTION", 200, errors.NotSupported),
        ("Too Many Requests", 429, errors.Unavailable),
        ("ACCESS_CANCEL", 500, errors.Unclear),
        ("ACCESS_CANCEL", 302, errors.Unclear),
        ("ACCESS_ACTIVATION", 200, errors.Unclear),
        ("", 200, errors.Unclear),
        ("<html>", 502, errors.Unclear),
        ("ERROR_SQL", 200, errors.Unclear),
        ("[]", 200, errors.Unclear),
    ],
)
def test_not_cancelled(reply: str, status: int, kind: type[errors.UpstreamError]) -> None:
    with pytest.raises(errors.UpstreamError) as caught:
        CANCEL(reply.encode(), status)
    assert type(caught.value) is kind


def test_too_early_tells_the_seconds() -> None:
    with pytest.raises(errors.TooEarly) as caught:
        CANCEL(b'{"title":"EARLY_CANCEL_DENIED","details":"","info":{"minActivationTime":120}}', 409)
    assert caught.value.retry_after == 120.0


def test_a_cancel_that_came_too_late_brings_the_sms() -> None:
    refusal = {"title": "NEW_OTP_RECEIVED", "info": {"data": SMS}}
    with pytest.raises(errors.CodeReceived) as caught:
        CANCEL(json.dumps(refusal).encode(), 409)
    assert caught.value.sms == v2({"sms": SMS}).sms
