"""The dialects that the sandbox plays, as rows of one table.

A test that wants another habit makes its own row: `replace(HERO, id_on_wire=str)`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.upstream.sandbox.engine.activation import Activation, Message
from catalog.upstream.sandbox.engine.refusals import Refusal
from catalog.upstream.sandbox.wire import errors
from catalog.upstream.sandbox.wire.reply import Reply, as_json
from catalog.upstream.sandbox.wire.values import zoned, zoneless

HTML = "text/html; charset=UTF-8"

# The countries and services that give SMS longer than the usual 20 minutes, in seconds.
CLASSIC_LIFETIMES = {"ya": 2400.0, "ft": 3600.0, "ig": 3600.0, "cy": 3600.0, "wx": 3600.0}
_HERO_EMPTY = {"affected_rows": 0, "num_rows": 0, "row": [], "rows": []}

StatusV2 = Callable[["Profile", Activation], dict[str, Any]]


@dataclass(frozen=True)
class Profile:
    """One dialect.

    stamp: how it writes a time.
    id_on_wire: whether JSON has an activation's id as a number or as a string.
    keyless: actions that answer without a key.
    extras: actions that only some dialects have.
    needs_country: a purchase and a stock list must name one.
    counts_as_text: whether getNumbersStatus counts in strings.
    sms_in_row: SMS in a row of the active list: one string, or a list.
    """

    name: str
    refuse: errors.Refuser
    text_type: str
    json_type: str
    stamp: Callable[[float], str]
    id_on_wire: Callable[[int], object]
    keyless: frozenset[str]
    extras: frozenset[str]
    needs_country: bool
    counts_as_text: bool
    lifetimes: dict[str, float]
    no_active: Reply
    no_operators: Reply
    sms_in_row: Callable[[Sequence[str]], object]
    status_v2: StatusV2


def sms_object(profile: Profile, activation: Activation) -> dict[str, Any]:
    last = activation.last
    sms = last and {"dateTime": profile.stamp(last.at), "code": last.code, "text": last.text}
    return {"verificationType": 0, "sms": sms, "call": None}


def sms_data(profile: Profile, activation: Activation) -> dict[str, Any]:
    """The newer shape that Hero's field notes describe."""
    last = activation.last
    return {"verificationType": "sms", "data": last and sms_row(profile, activation, last)}


def sms_row(profile: Profile, activation: Activation, message: Message) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "phoneFrom": message.sender,
        "code": message.code,
        "text": message.text,
        "service": activation.service,
        "date": profile.stamp(message.at),
        "type": "sms",
    }


HERO = Profile(
    name="hero",
    refuse=errors.hero,
    text_type=HTML,
    json_type=HTML,
    stamp=zoned,
    id_on_wire=int,
    keyless=frozenset({"getCountries", "getServicesList", "getPrices", "getOperators"}),
    extras=frozenset({"getAllSms", "finishActivation", "cancelActivation"}),
    needs_country=True,
    counts_as_text=False,
    lifetimes={},
    no_active=as_json({"status": "success", "data": [], "activeActivations": _HERO_EMPTY}),
    no_operators=as_json({"status": "error", "error": "OPERATORS_NOT_FOUND"}),
    sms_in_row=lambda parts: parts[-1] if parts else None,
    status_v2=sms_object,
)

CLASSIC = Profile(
    name="classic",
    refuse=errors.classic,
    text_type="text/plain; charset=UTF-8",
    json_type="application/json",
    stamp=zoneless,
    id_on_wire=str,
    keyless=frozenset(),
    extras=frozenset({"getBalanceAndCashBack"}),
    needs_country=False,
    counts_as_text=True,
    lifetimes=CLASSIC_LIFETIMES,
    no_active=as_json({"status": "error", "error": "NO_ACTIVATIONS"}),
    no_operators=errors.classic(Refusal("OPERATORS_NOT_FOUND"), "getOperators"),
    sms_in_row=lambda parts: list(parts) or None,
    status_v2=sms_object,
)

PROFILES = {profile.name: profile for profile in (HERO, CLASSIC)}
