"""An activation's state, and the answers to a wish to change it."""

from collections.abc import Callable
from typing import Any

from catalog.upstream.errors import Unclear, UnknownActivation
from catalog.upstream.parsing.refusals import refusal
from catalog.upstream.parsing.sms import sms_of, told_in
from catalog.upstream.parsing.values import text
from catalog.upstream.parsing.wire import Answer, read, word_of
from catalog.upstream.types import State, Status

# Statuses of a refusal at the door or a fault inside: such a reply says nothing about the activation.
_NO_INFORMATION = frozenset({401, 402, 403, 429})
_STATES = {
    "STATUS_WAIT_CODE": State.WAITING,
    "STATUS_WAIT_RESEND": State.WAITING,
    "STATUS_WAIT_RETRY": State.WAITING_AGAIN,
    "STATUS_CANCEL": State.CANCELLED,
    "ACCESS_CANCEL": State.CANCELLED,
}
_WITH_SMS = frozenset({"STATUS_OK", "FULL_SMS"})
_V2_FIELDS = ("sms", "data", "call")

CANCELLED = frozenset({"ACCESS_CANCEL", "ACCESS_CANCEL_ALREADY", "STATUS_CANCEL"})
RETRY = frozenset({"ACCESS_RETRY_GET"})
FINISHED = frozenset({"ACCESS_ACTIVATION"})


def parse_status(body: bytes, status: int) -> Status:
    """getStatus, or a text in answer to getStatusV2. An id that is not known is State.GONE."""
    return _status(read(body, status), status)


def parse_status_v2(body: bytes, status: int) -> Status:
    answer = read(body, status)
    if isinstance(answer, dict) and _is_told(status) and word_of(answer) is None:
        return _from_json(answer)
    return _status(answer, status)


def _status(answer: Answer, status: int) -> Status:
    word = word_of(answer) if isinstance(answer, str) else None
    if word and _is_told(status):
        if word.token in _STATES:
            return Status(_STATES[word.token])
        if word.token in _WITH_SMS and text(word.rest):
            return Status(State.RECEIVED, (sms_of(text(word.rest)),))
    error = refusal(answer, status)
    if isinstance(error, UnknownActivation):
        return Status(State.GONE)
    raise error


def _is_told(status: int) -> bool:
    return 200 <= status < 300 or (400 <= status < 500 and status not in _NO_INFORMATION)


def _from_json(answer: dict[str, Any]) -> Status:
    if not any(name in answer for name in (*_V2_FIELDS, "verificationType")):
        raise Unclear("BAD_STATUS_V2")
    told = (told_in(answer.get(name)) for name in _V2_FIELDS)
    sms = next(filter(None, told), ())
    return Status(State.RECEIVED if sms else State.WAITING, sms)


def parse_done(done: frozenset[str]) -> Callable[[bytes, int], None]:
    """A parser of answers to setStatus: done at one of these words, at 204, or at a JSON success."""

    def parse(body: bytes, status: int) -> None:
        if status == 204 and not body.strip():
            return
        answer = read(body, status)
        if not (200 <= status < 300 and _is_done(answer, done)):
            raise refusal(answer, status)

    return parse


def _is_done(answer: Answer, done: frozenset[str]) -> bool:
    if isinstance(answer, dict):
        return answer.get("status") == "success"
    word = word_of(answer)
    return word is not None and word.token in done
