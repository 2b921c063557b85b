"""The forms of a refusal: a word with status 200, or JSON with a status that fits."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from catalog.upstream.sandbox.engine.refusals import Refusal
from catalog.upstream.sandbox.wire.reply import Reply, as_json
from catalog.upstream.sandbox.wire.values import plain, zoned

Refuser = Callable[[Refusal, str], Reply]

_CLASSIC_WORDS = {
    "ALREADY_CANCELLED": "ACCESS_CANCEL",
    "OTP_RECEIVED": "BAD_STATUS",
    "NEW_OTP_RECEIVED": "BAD_STATUS",
    "FREE_CANCELLATION_EXPIRED": "BAD_STATUS",
    "ACTIVATION_NOT_ACTIVE": "BAD_STATUS",
    "BAD_REQUEST": "ERROR_SQL",
}
_HERO_FORMS = {
    "BAD_KEY": (401, "Unauthorized"),
    "BAD_ACTION": (404, "Method Not Found"),
    "NO_NUMBERS": (404, "Numbers Not Found. Try Later"),
    "NO_BALANCE": (402, "Not enough funds"),
    "WRONG_MAX_PRICE": (400, "Max price is below the least price"),
    "BANNED": (403, "Account is banned for a time"),
    "CHANNELS_LIMIT": (403, "Too many open activations"),
    "NOT_FOUND": (404, "Activation Not Found"),
    "BAD_STATUS": (400, "Status does not fit"),
    "EARLY_CANCEL_DENIED": (409, "Too early to cancel"),
    "OTP_RECEIVED": (409, "A code has been received"),
    "NEW_OTP_RECEIVED": (409, "A new code has been received"),
    "FREE_CANCELLATION_EXPIRED": (409, "Too late to cancel"),
    "ACTIVATION_NOT_ACTIVE": (409, "Activation is over"),
    "RATE_LIMIT": (429, ""),
}
_HERO_WORDS = {"NO_ACTIVATION": "NOT_FOUND", "ALREADY_CANCELLED": "ACTIVATION_NOT_ACTIVE"}


def classic(refusal: Refusal, action: str) -> Reply:
    """A bare word, always with 200 (but for 429, which an edge before the provider sends)."""
    if refusal.word == "RATE_LIMIT":
        return Reply("Too Many Requests", 429)
    return Reply(_CLASSIC_WORDS.get(refusal.word, refusal.word) + _suffix(refusal))


def hero(refusal: Refusal, action: str) -> Reply:
    """JSON and a 4xx; but `getNumber` says what is wrong with the purchase in a word, with 200."""
    is_field = "field" in refusal.facts
    if action == "getNumber" and refusal.word not in ("NO_KEY", "BAD_KEY", "RATE_LIMIT"):
        if is_field:
            return Reply(f"UNPROCESSABLE_ENTITY:{refusal.facts['field']}:{refusal.facts['code']}")
        return Reply(refusal.word + _suffix(refusal))
    if is_field:
        return _envelope(422, "UNPROCESSABLE_ENTITY", "Validation failed", refusal.facts)
    title = _HERO_WORDS.get(refusal.word, refusal.word)
    status, details = _HERO_FORMS.get(title, (400, ""))
    return _envelope(status, title, details, _hero_info(refusal))


def _envelope(status: int, title: str, details: str, info: dict[str, Any]) -> Reply:
    extra = {"info": info} if info else {}
    return as_json({"title": title, "details": details, **extra}, status)


def _suffix(refusal: Refusal) -> str:
    match refusal.word:
        case "WRONG_MAX_PRICE":
            return f":{plain(refusal.facts['min'])}"
        case "BANNED":
            return f":'{_ban_end(refusal):%Y-%m-%d %H-%M-%S}'"
    return ""


def _hero_info(refusal: Refusal) -> dict[str, Any]:
    facts = refusal.facts
    match refusal.word:
        case "WRONG_MAX_PRICE":
            return {"min": float(facts["min"])}
        case "BANNED":
            return {
                "scope": "global",
                "banned_until": int(facts["until"]),
                "retry_after_seconds": facts["seconds"],
                "readable_date": f"{_ban_end(refusal):%Y-%m-%d %H:%M:%S}",
            }
        case "CHANNELS_LIMIT":
            return {"current_threads": facts["current"], "max_allowed": facts["allowed"]}
        case "EARLY_CANCEL_DENIED":
            return {"minActivationTime": int(facts["grace"])}
        case "NEW_OTP_RECEIVED":
            return {"data": _hero_sms(refusal)}
    return {}


def _hero_sms(refusal: Refusal) -> dict[str, Any]:
    message = refusal.facts["message"]
    return {"code": message.code, "text": message.text, "dateTime": zoned(message.at)}


def _ban_end(refusal: Refusal) -> datetime:
    return datetime.fromtimestamp(refusal.facts["until"], UTC)
