"""What a body is: a word with a tail, or JSON; and whether that JSON is an error."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn

from catalog.upstream.errors import Unavailable, Unclear

Answer = str | dict[str, Any] | list[Any]
RATE_LIMIT = "RATE_LIMIT"
_WORD = re.compile(r"[A-Z][A-Z0-9_]{1,39}")
_FAILED = ("error", "false", "fail", False)
_MESSAGES = ("error", "message", "msg")


@dataclass(frozen=True, slots=True)
class Word:
    """A provider's token. rest: what followed its colon. info: what a JSON error says besides."""

    token: str
    rest: str = ""
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """For logs: prose may quote our request, key and all, and is left out."""
        return self.token if _WORD.fullmatch(self.token) else "PROSE"


def read(body: bytes, status: int) -> Answer:
    """Text or JSON, told apart by the first non-blank byte: the header says text/html for both.

    JSON must be whole and standard. Raises Unclear; with 429, which comes before anything is done, Unavailable.
    """
    try:
        return _read(body)
    except Unclear:
        if status == 429:
            raise Unavailable(RATE_LIMIT) from None
        raise


def _read(body: bytes) -> Answer:
    text = body.decode("utf-8-sig", "replace").strip()
    if not text:
        raise Unclear("EMPTY")
    if text.startswith("<"):
        raise Unclear("HTML")
    return _json(text) if text[0] in "{[" else text


def _json(text: str) -> Answer:
    try:
        answer: Answer = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, ArithmeticError, RecursionError):
        raise Unclear("BAD_JSON") from None
    return answer


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def word_of(answer: Answer) -> Word | None:
    """The token of a text, or of a JSON error; None where the JSON is data."""
    if isinstance(answer, str):
        token, _, rest = answer.partition(":")
        return Word(token.strip(), rest.strip())
    return _json_error(answer) if isinstance(answer, dict) else None


def _json_error(answer: dict[str, Any]) -> Word | None:
    info = answer.get("info")
    info = info if isinstance(info, dict) else {}
    if isinstance(answer.get("title"), str):
        return _word(answer["title"], info)
    message = next((answer[name] for name in _MESSAGES if isinstance(answer.get(name), str)), None)
    if answer.get("status") in _FAILED:
        return _word(message or "ERROR", info)
    if message is not None and (isinstance(answer.get("error"), str) or answer.get("status") == "0"):
        return _word(message, info)
    return None


def _word(message: str, info: dict[str, Any]) -> Word:
    """Messages come as tokens and as prose: "Bad service" is BAD_SERVICE."""
    token, _, rest = message.partition(":")
    return Word("_".join(token.upper().split()), rest.strip(), info)
