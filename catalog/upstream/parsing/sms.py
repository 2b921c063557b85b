"""SMS in all the forms in which replies hold them."""

import json
import re
from collections import Counter
from hashlib import sha256
from typing import Any

from catalog.upstream.parsing.values import rows_of, text
from catalog.upstream.types import Sms

_BRACKETED_CODE = re.compile(r"\[([0-9A-Za-z-]{1,20})\]")
_NO_TIME = "0000-00-00 00:00:00"


def sms_of(body: str, *, at: str = "", sms_id: str = "") -> Sms:
    """An SMS whose key is the provider's id, else made from its time and body."""
    if sms_id and len(sms_id) <= 64:
        return Sms(body, sms_id)
    stamp = "" if at == _NO_TIME else at
    return Sms(body, sha256(f"{sms_id}|{stamp}|{body}".encode()).hexdigest()[:40])


def told_in(value: Any) -> tuple[Sms, ...]:
    """What `sms`, `data` or `call` of a reply holds: nothing, an object, a list, or a mere string.

    Raises Unclear for an absurd one.
    """
    if isinstance(value, dict) and not _is_sms(value):
        # An object without a text may be a list with gaps; other fields of it are no SMS.
        value = [row for row in value.values() if isinstance(row, dict)]
    if isinstance(value, list):
        return tuple(sms for entry in sorted(value, key=_time) for sms in _one(entry))
    return _one(value)


def _time(entry: Any) -> str:
    """Lists come newest first or oldest first; their times, all in one form, tell."""
    return text(entry.get("dateTime") or entry.get("date")) if isinstance(entry, dict) else ""


def _is_sms(value: dict[str, Any]) -> bool:
    return "text" in value or "code" in value


def _one(value: Any) -> tuple[Sms, ...]:
    if not isinstance(value, dict):
        body = text(value)
        return (sms_of(body),) if body else ()
    body = text(value.get("text")) or text(value.get("code"))
    return (sms_of(body, at=_time(value), sms_id=text(value.get("id"))),) if body else ()


def in_row(texts: Any, codes: Any) -> tuple[Sms, ...]:
    """The SMS of a list row, which tells no times: the whole text where there is one, else the code.

    The same text twice gives two keys, by its place among its equals. Raises Unclear.
    """
    whole, short = _parts(texts), _parts(codes)
    bodies = whole + short[len(whole) :]
    bodies = [body or (short[i] if i < len(short) else "") for i, body in enumerate(bodies)]
    seen: Counter[str] = Counter()
    told = []
    for body in filter(None, bodies):
        told.append(sms_of(body, at=f"#{seen[body]}"))
        seen[body] += 1
    return tuple(told)


def _parts(value: Any) -> list[str]:
    """null, a string, a list, or a string that holds a list: `["1","2"]`, `[12345]`."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        value = _unbracketed(value)
    if isinstance(value, list | dict):
        return [text(part) for part in rows_of(value) or []]
    body = text(value)
    return [body] if body else []


def _unbracketed(value: str) -> Any:
    match = _BRACKETED_CODE.fullmatch(value)
    if match:
        return match[1]
    try:
        inner = json.loads(value)
    except (ValueError, RecursionError):
        return value
    is_list = isinstance(inner, list) and all(isinstance(part, str | int) for part in inner)
    return inner if is_list else value
