"""The calls: what is asked of /v1, and the answer."""

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

from accounts.topups.sandbox.cards import known
from accounts.topups.sandbox.cards.forms import Pairs, check, decode
from accounts.topups.sandbox.cards.refusals import Refusal, missing
from accounts.topups.sandbox.cards.shapes import Thing
from accounts.topups.sandbox.cards.till import Till

SHORTEST, LONGEST = 30 * 60, 24 * 3600
SLACK = 5  # seconds that a request may have been under way
Call = Callable[[str, Thing], Thing]


class Api:
    """Answers calls by their name, such as "POST checkout/sessions"."""

    def __init__(self, till: Till, public_url: Callable[[], str]) -> None:
        self._till = till
        self._public_url = public_url
        self._calls: dict[str, tuple[Call, tuple[str, ...]]] = {
            "POST checkout/sessions": (self._create_session, known.SESSION_CREATE),
            "GET checkout/sessions": (self._list("checkout.session"), known.SESSION_LIST),
            "GET checkout/sessions/*": (self._retrieve("checkout.session"), ()),
            "POST checkout/sessions/*/expire": (self._expire_session, ()),
            "GET payment_intents": (self._list("payment_intent"), known.INTENT_LIST),
            "GET payment_intents/*": (self._retrieve("payment_intent"), ()),
            "GET charges/*": (self._retrieve("charge"), ()),
            "POST refunds": (self._create_refund, known.REFUND_CREATE),
            "GET refunds": (self._list("refund"), known.REFUND_LIST),
            "GET refunds/*": (self._retrieve("refund"), ()),
            "GET disputes": (self._list("dispute"), known.DISPUTE_LIST),
            "GET disputes/*": (self._retrieve("dispute"), ()),
            "GET events": (self._list("event"), known.EVENT_LIST),
            "GET events/*": (self._retrieve("event"), ()),
        }

    def answer(self, method: str, path: str, pairs: Pairs) -> Thing:
        """path: behind /v1/. Raises Refusal."""
        name, id_ = call_name(method, path)
        if name not in self._calls:
            raise Refusal(404, f"Unrecognized request URL ({method}: /v1/{path}).")
        call, parameters = self._calls[name]
        check(pairs, parameters)
        params = decode(pairs)
        expand = params.pop("expand", [])
        with self._till.turn:
            found = copy.deepcopy(call(id_, params))
            for path_ in expand:
                _expand(found, path_.split("."), self._till)
            return found

    def _create_session(self, _: str, params: Thing) -> Thing:
        if params.get("mode") != "payment":
            raise Refusal(400, "The sandbox knows the mode payment alone.", param="mode")
        for item in params.get("line_items") or [{}]:
            _positive(item.get("price_data", {}).get("unit_amount"), "line_items[0][price_data][unit_amount]")
            _currency(item["price_data"].get("currency"))
        if not params.get("success_url"):
            raise _required("success_url")
        self._check_end(params.get("expires_at"))
        return self._till.open_session(params, self._public_url())

    def _check_end(self, expires_at: str | None) -> None:
        if expires_at is None:
            return
        ahead = _positive(expires_at, "expires_at") - self._till.now()
        if ahead < SHORTEST - SLACK or ahead > LONGEST + SLACK:
            why = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
            raise Refusal(400, why, param="expires_at")

    def _expire_session(self, id_: str, _: Thing) -> Thing:
        self._till.expire(id_)
        return self._till.get(id_, "checkout.session")

    def _create_refund(self, _: str, params: Thing) -> Thing:
        payment_ref = params.get("payment_intent", "")
        if charge := params.get("charge"):
            payment_ref = self._till.get(charge, "charge")["payment_intent"]
        amount = _positive(params["amount"], "amount") if "amount" in params else None
        return self._till.refund(payment_ref, amount, params.get("metadata", {}))

    def _retrieve(self, kind: str) -> Call:
        def call(id_: str, _: Thing) -> Thing:
            found = next((event for event in self._till.events if event["id"] == id_), None)
            return found if found and kind == "event" else self._till.get(id_, kind)

        return call

    def _list(self, kind: str) -> Call:
        paths = {"checkout.session": "checkout/sessions"}

        def call(_: str, params: Thing) -> Thing:
            found = list(reversed(self._till.events)) if kind == "event" else self._till.all(kind)
            return {"object": "list", "url": f"/v1/{paths.get(kind, f'{kind}s')}", **_page(found, params)}

        return call


def call_name(method: str, path: str) -> tuple[str, str]:
    """ "POST checkout/sessions/*/expire" and the id in the place of the star, if there is one."""
    parts = path.strip("/").split("/")
    at = 2 if parts[0] == "checkout" else 1
    id_ = parts[at] if len(parts) > at else ""
    if id_:
        parts[at] = "*"
    return f"{method} {'/'.join(parts)}", id_


def _page(found: list[Thing], params: Thing) -> Thing:
    limit = _positive(params.pop("limit", "10"), "limit")
    if limit > 100:
        raise Refusal(400, "This value must be less than or equal to 100.", param="limit")
    after, before = params.pop("starting_after", ""), params.pop("ending_before", "")
    matching = [thing for thing in found if _fits(thing, params)]
    if after:
        matching = matching[_index(found, matching, after) + 1 :]
    if before:
        matching = matching[: _index(found, matching, before)][-limit:]
    return {"data": matching[:limit], "has_more": len(matching) > limit}


def _index(found: list[Thing], matching: list[Thing], id_: str) -> int:
    for place, thing in enumerate(matching):
        if thing["id"] == id_:
            return place
    raise missing(found[0]["object"] if found else "object", id_)


def _fits(thing: Thing, params: Thing) -> bool:
    tests = {
        "gt": lambda mine, theirs: mine > theirs,
        "gte": lambda mine, theirs: mine >= theirs,
        "lt": lambda mine, theirs: mine < theirs,
        "lte": lambda mine, theirs: mine <= theirs,
    }
    for how, moment in params.get("created", {}).items():
        if not tests[how](thing["created"], _positive(moment, "created")):
            return False
    return all(thing.get(name) == value for name, value in params.items() if name != "created")


def _expand(thing: Any, path: list[str], till: Till) -> None:
    """Put objects in the place of their ids. Raises Refusal where there is nothing to put."""
    if not path:
        return
    for holder in _holders(thing):
        name = path[0]
        if name not in holder:
            raise Refusal(400, f"This property cannot be expanded ({name}).", param="expand")
        if isinstance(holder[name], str):
            if holder[name] not in till.things:
                raise Refusal(400, f"This property cannot be expanded ({name}).", param="expand")
            holder[name] = copy.deepcopy(till.things[holder[name]])
        if holder[name] is not None:
            _expand(holder[name], path[1:], till)


def _holders(thing: Any) -> Iterator[Thing]:
    yield from thing if isinstance(thing, list) else (thing,)


def _positive(value: Any, name: str) -> int:
    if value is None:
        raise _required(name)
    if not isinstance(value, str) or not re.fullmatch("[0-9]{1,12}", value):
        raise Refusal(400, f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    if int(value) == 0:
        raise Refusal(400, "This value must be greater than or equal to 1.", param=name)
    return int(value)


def _currency(value: Any) -> None:
    if not isinstance(value, str) or not re.fullmatch("[a-z]{3}", value):
        raise Refusal(400, f"Invalid currency: {value}.", param="line_items[0][price_data][currency]")


def _required(name: str) -> Refusal:
    return Refusal(400, f"Missing required param: {name}.", code="parameter_missing", param=name)
