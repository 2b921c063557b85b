"""Does the shop stand by every answer that it gave, and are money and numbers where they belong?"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from catalog.upstream.types import OPEN_STATES, State
from tests.torture.books import Books, Row, read
from tests.torture.client import LOST, Person, read_journals
from tests.torture.shop import Running

Entry = dict[str, Any]
REFUNDED = ("FAILED", "CANCELLED")
FINAL = (*REFUNDED, "COMPLETED")
# Once told these never change. phone and expiresAt are null until the number is known.
FIXED = ("service", "country", "chargedCents", "createdAt")
ONCE_KNOWN = ("phone", "expiresAt")


def judge(shop: Running) -> list[str]:
    """What speaks against the shop since it was started, in its journals and in the books that it has now."""
    return contradictions(read_journals(shop.logs), read(shop), shop.people)


def contradictions(entries: Sequence[Entry], books: Books, people: Sequence[Person]) -> list[str]:
    """Sentences, each with the answer that is contradicted."""
    found = [f"{why}: {_shown(entry)}" for entry in entries for why in _broken(entry, books)]
    found += _keys(entries, books)
    for person in people:
        found += _money(person, books)
        found += _nobody_asked(person, entries, books)
    return found + list(_numbers(books))


def _broken(entry: Entry, books: Books) -> Iterator[str]:
    mine = books.orders[entry["person"]]
    if entry["status"] == 500:
        yield "a fault of ours"
    if entry["status"] == 503 and (entry["code"] == "OUTCOME_UNKNOWN") != (entry["retry_after"] is None):
        yield "Retry-After goes with every 503 but OUTCOME_UNKNOWN"
    if entry["status"] == LOST or entry["verb"] in ("browse", "blunder"):
        return
    if entry["status"] == 200:
        for told in _orders_in(entry):
            yield from _changed(told, mine.get(told["id"]))
    order = entry["order"] or _order_in_path(entry["path"])
    if order is not None and entry["status"] != 404:
        yield from _went_back_on(entry, mine.get(order))


def _orders_in(entry: Entry) -> list[Row]:
    if entry["verb"] == "list":
        items: list[Row] = entry["told"]["items"]
        return items
    return [entry["told"]] if entry["verb"] in ("buy", "poll") else []


def _changed(told: Row, now: Row | None) -> Iterator[str]:
    """An order that was shown once, against what it is in the end."""
    if now is None:
        yield "the order is gone"
        return
    known = [*FIXED, *(name for name in ONCE_KNOWN if told[name] is not None)]
    yield from (f"{name} became {now[name]}" for name in known if told[name] != now[name])
    if told["status"] in FINAL and (told["status"], told["refundedCents"]) != (now["status"], now["refundedCents"]):
        yield f"it had ended, and is {now['status']} with {now['refundedCents']} refunded"
    bodies = [sms["body"] for sms in told["smsHistory"]]
    if bodies and told["status"] in REFUNDED:
        yield "a code was shown after the refund"
    if bodies != [sms["body"] for sms in now["smsHistory"]][: len(bodies)]:
        yield f"an SMS is gone; the order is {now['status']}"
    if bodies and now["status"] in REFUNDED:
        yield "a code was shown, and the money went back"


def _went_back_on(entry: Entry, now: Row | None) -> Iterator[str]:
    """What a verb promised, against what the order is in the end."""
    if now is None:
        yield "there is no such order"
        return
    promised = PROMISES.get((entry["verb"], entry["code"]))
    if promised is not None and not promised(now):
        yield f"the order is {now['status']} with {now['refundedCents']} of {now['chargedCents']} refunded"


def _is_refunded(order: Row) -> bool:
    return order["status"] in REFUNDED and order["refundedCents"] == order["chargedCents"]


def _is_cancelled(order: Row) -> bool:
    return order["status"] == "CANCELLED" and _is_refunded(order)


def _has_code(order: Row) -> bool:
    return order["status"] not in REFUNDED and order["smsHistory"] != []


PROMISES: dict[tuple[str, str], Callable[[Row], bool]] = {
    ("cancel", ""): _is_cancelled,
    ("cancel", "ALREADY_CHANGED"): _is_refunded,
    ("cancel", "CODE_RECEIVED"): _has_code,
    ("next-sms", ""): _has_code,
    ("buy", "NO_NUMBERS"): _is_refunded,
    ("buy", "UPSTREAM_UNAVAILABLE"): _is_refunded,
}


def _order_in_path(path: str) -> str | None:
    parts = path.split("/")
    return parts[2] if len(parts) > 2 else None


def _keys(entries: Sequence[Entry], books: Books) -> Iterator[str]:
    """One key: one order, and the same bytes at every repeat."""
    granted = defaultdict(list)
    for entry in entries:
        if entry["key"] and entry["status"] == 200:
            granted[entry["person"], entry["key"]].append(entry)
    for known, answers in granted.items():
        if len({answer["digest"] for answer in answers}) > 1:
            yield f"{known} was answered differently: {', '.join(map(_shown, answers))}"
        if books.tied.get(known) != answers[0]["order"]:
            yield f"{known} stands for {books.tied.get(known)}: {_shown(answers[0])}"


def _money(person: Person, books: Books) -> Iterator[str]:
    orders = books.orders[person.name].values()
    spent = sum(int(order["chargedCents"]) - int(order["refundedCents"]) for order in orders)
    shown, stored = books.balances[person.name]
    if not shown == stored == person.cents - spent or stored < 0:
        yield f"{person.name} began with {person.cents}, spent {spent}, and has {stored}, shown as {shown}"


def _nobody_asked(person: Person, entries: Sequence[Entry], books: Books) -> Iterator[str]:
    """Orders that neither an answer nor a key names: at most as many as purchases without key went unanswered."""
    asked = [entry for entry in entries if entry["person"] == person.name and entry["verb"] == "buy"]
    told = {entry["order"] for entry in asked}
    tied = {order for (name, _), order in books.tied.items() if name == person.name}
    mine = books.orders[person.name]
    strange = [id_ for id_ in mine if id_ not in told and id_ not in tied and mine[id_]["status"] != "FAILED"]
    lost = sum(
        not entry["key"] and (entry["status"] in (LOST, 500) or entry["code"] == "UNAVAILABLE") for entry in asked
    )
    if len(strange) > lost:
        yield f"{person.name} has orders that nobody asked for: {strange}, with {lost} purchases unanswered"


def _numbers(books: Books) -> Iterator[str]:
    """Each number that the provider sold belongs to an order, or was given back."""
    for row in books.sold:
        owner = books.owners.get(row.activation_id)
        if owner is None:
            if row.state != State.CANCELLED:
                yield f"number {row.activation_id} ({row.state}) belongs to no order"
        elif owner["phone"] != row.phone:
            yield f"order {owner['id']} has {owner['phone']}, its number {row.activation_id} is {row.phone}"
        elif owner["status"] in REFUNDED and row.state == State.WAITING and owner["cancel_upstream_at"] is None:
            yield f"order {owner['id']} is {owner['status']}, and nobody gives {row.activation_id} ({row.state}) back"
    for missing in books.owners.keys() - {row.activation_id for row in books.sold}:
        yield f"order {books.owners[missing]['id']} owns {missing}, which was never sold"


def losses(books: Books) -> int:
    """Numbers that we paid for, of orders that were refunded: an SMS came between the refund and the giving back."""
    paid = [row for row in books.sold if row.state not in (State.CANCELLED, *OPEN_STATES)]
    return sum(books.owners.get(row.activation_id, {}).get("status") in REFUNDED for row in paid)


def _shown(entry: Entry) -> str:
    names = ("at", "person", "verb", "path", "key", "status", "code", "order", "retry_after", "request")
    return json.dumps({name: entry[name] for name in names if entry[name] not in (None, "")})
