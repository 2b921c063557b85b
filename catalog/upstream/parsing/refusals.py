"""Which error a provider's token is. One table for the whole family."""

from collections.abc import Callable

from catalog.upstream.errors import (
    AccountTrouble,
    CodeReceived,
    NotSold,
    NotSupported,
    OutOfStock,
    PriceMoved,
    Rejected,
    TooEarly,
    Unavailable,
    Unclear,
    UnknownActivation,
    UpstreamError,
    WrongState,
)
from catalog.upstream.parsing.sms import told_in
from catalog.upstream.parsing.values import money_or_none, whole_or_none
from catalog.upstream.parsing.wire import RATE_LIMIT, Answer, Word, word_of

_PROHIBITED = "prohibited for sale"
# Errors that answer a question about an activation: to a purchase they make no sense, and prove nothing.
_ABOUT_AN_ACTIVATION = (TooEarly, CodeReceived, WrongState, UnknownActivation)

_CLASSES: dict[type[UpstreamError], str] = {
    OutOfStock: "NO_NUMBERS NO_PROVIDERS",
    NotSold: """BAD_SERVICE WRONG_SERVICE BAD_COUNTRY WRONG_COUNTRY NO_COUNTRY SERVICE_IS_INCORRECT NOT_AVAILABLE
        SERVICE_UNAVAILABLE_REGION WHATSAPP_NOT_AVAILABLE NO_YULA_MAIL""",
    Rejected: """WRONG_EXCEPTION_PHONE BAD_CURRENCY BAD_VALUES BAD_MAX_PRICE BAD_MULTIPLE BAD_PROVIDER_IDS
        BAD_EXCEPT_PROVIDER_IDS BAD_ACTIVATION_TYPE BAD_FIXED_PRICE WRONG_DATE""",
    Unavailable: f"{RATE_LIMIT} CHANNELS_LIMIT",
    AccountTrouble: """BAD_KEY NO_KEY API_KEY_NOT_VALID NO_ACCESS UNAUTHORIZED NO_BALANCE BAD_BALANCE
        NO_BALANCE_FORWARD ACCOUNT_INACTIVE SERVICE_NOT_AVAILABLE""",
    WrongState: """BAD_STATUS INCORECT_STATUS ACTIVATION_STATUS_CHANGED FREE_CANCELLATION_EXPIRED
        ACTIVATION_NOT_ACTIVE""",
    UnknownActivation: "NO_ACTIVATION WRONG_ACTIVATION_ID INVALID_ACTIVATION_ID NOT_FOUND",
    NotSupported: "BAD_ACTION NO_ACTION",
    # The earlier purchase that it speaks of may be this one.
    Unclear: "ORDER_ALREADY_EXISTS",
}
_FIELDS: dict[str, type[Rejected]] = {
    "api_key": AccountTrouble,
    "id": UnknownActivation,
    "service": NotSold,
    "country": NotSold,
}
_CLASS_OF = {token: kind for kind, tokens in _CLASSES.items() for token in tokens.split()}


def _price_moved(word: Word) -> UpstreamError:
    try:
        return PriceMoved(word.token, money_or_none(word.rest or word.info.get("min")))
    except Unclear:
        return PriceMoved(word.token)


def _banned(word: Word) -> UpstreamError:
    seconds = whole_or_none(word.info.get("retry_after_seconds"))
    return AccountTrouble(word.token, retry_after=None if seconds is None else float(seconds))


def _too_early(word: Word) -> UpstreamError:
    seconds = whole_or_none(word.info.get("minActivationTime"))
    return TooEarly(word.token, None if seconds is None else float(seconds))


def _code_received(word: Word) -> UpstreamError:
    try:
        return CodeReceived(word.token, told_in(word.info.get("data")))
    except Unclear:
        return CodeReceived(word.token)


def _bad_field(word: Word) -> UpstreamError:
    field = word.info.get("field") or word.rest.partition(":")[0]
    kind = _FIELDS.get(field, Rejected) if isinstance(field, str) else Rejected
    return kind(word.token)


_SPECIAL: dict[str, Callable[[Word], UpstreamError]] = {
    "WRONG_MAX_PRICE": _price_moved,
    "BANNED": _banned,
    "EARLY_CANCEL_DENIED": _too_early,
    "OTP_RECEIVED": _code_received,
    "NEW_OTP_RECEIVED": _code_received,
    "ACCESS_APPROVED": _code_received,
    "UNPROCESSABLE_ENTITY": _bad_field,
}


def refusal(answer: Answer, status: int) -> UpstreamError:
    """The error that a reply is which is not the one hoped for.

    A redirect or a 5xx proves nothing, whatever its body says; 429 comes before anything was done.
    """
    word = word_of(answer) or Word("UNEXPECTED")
    if status == 429:
        return Unavailable(RATE_LIMIT)
    if not (200 <= status < 300 or 400 <= status < 500):
        return Unclear(f"HTTP_{status}")
    if word.token in _SPECIAL:
        return _SPECIAL[word.token](word)
    return _CLASS_OF.get(word.token, Unclear)(word.shown)


def purchase_refusal(answer: Answer, status: int) -> UpstreamError:
    """Rejected only for words that are known to refuse a purchase; Unclear for all others."""
    error = refusal(answer, status)
    if isinstance(error, _ABOUT_AN_ACTIVATION):
        return Unclear(error.token)
    is_prose = isinstance(answer, str) and 200 <= status < 500 and status != 429
    if is_prose and isinstance(error, Unclear) and _PROHIBITED in str(answer).lower():
        return NotSold("PROHIBITED_FOR_SALE")
    return error
