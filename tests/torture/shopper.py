"""One customer at work: buys, follows, cancels, repeats itself and errs, and writes down every answer."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.torture.client import LOST, Line, Person, Reply

if TYPE_CHECKING:
    from tests.torture.load import Load

# tg and wa and go are in stock, ig runs out, and the last two do not exist.
WISHES: tuple[Mapping[str, object], ...] = (
    *[{"service": "tg", "country": 7}] * 4,
    *[{"service": "wa", "country": "6"}, {"service": "go", "country": "7"}] * 3,
    {"service": "ig", "country": 6},
    *({"service": "none-such", "country": 7}, {"service": "tg", "country": 9999}),
)


@dataclass
class Purse:
    """What a person's threads know together. unsettled: keys without a last word, and what they were sent with."""

    person: Person
    orders: list[str] = field(default_factory=list)
    unsettled: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    settled: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def learn(self, orders: Sequence[str]) -> None:
        """Ids sort by time."""
        with self.lock:
            self.orders = sorted({*self.orders[-200:], *orders})

    def note(self, key: str | None, path: str, body: bytes, reply: Reply) -> None:
        self.learn([reply.order_id] if reply.order_id else [])
        was_sent = reply.code != "ConnectionRefusedError" or key in self.unsettled
        if key is not None and was_sent:
            with self.lock:
                self.unsettled.pop(key, None)
                (self.settled if reply.is_settled else self.unsettled)[key] = (path, body)

    def some_order(self, chance: random.Random) -> str | None:
        """One of the newer ones."""
        with self.lock:
            return chance.choice(self.orders[-25:]) if self.orders else None

    def some_key(self, chance: random.Random) -> tuple[str, str, bytes] | None:
        with self.lock:
            keys = self.unsettled or dict(list(self.settled.items())[-50:])
            if not keys:
                return None
            key = chance.choice(list(keys))
            return key, *keys[key]


class Shopper(threading.Thread):
    """One thread of one person. always_keyed: no purchase goes without an Idempotency-Key."""

    def __init__(self, load: Load, purse: Purse, seed: str) -> None:
        super().__init__(name=f"shopper-{seed}", daemon=True)
        self._load = load
        self._purse = purse
        self._chance = random.Random(seed)
        self._line = Line(load.port, purse.person.token)
        self._always_keyed = purse.person.name.endswith(("0", "2", "4", "6", "8"))
        self._verbs: dict[Callable[[], None], int] = {
            self._buy: 24,
            self._poll: 34,
            self._cancel: 12,
            self._next_sms: 8,
            self._repeat: 6,
            self._list: 6,
            self._account: 5,
            self._browse: 3,
            self._blunder: 2,
        }

    def run(self) -> None:
        verbs, weights = list(self._verbs), list(self._verbs.values())
        while self._load.take_turn():
            self._chance.choices(verbs, weights)[0]()
            if self._load.pause:
                time.sleep(self._chance.uniform(0, 2 * self._load.pause))
        self._line.close()

    def settle(self, end: float) -> dict[str, str]:
        """Repeat what has no last word until it has one; the keys that have none at the end, and why."""
        left = {}
        for key, (path, body) in list(self._purse.unsettled.items()):
            while not (reply := self._call(_verb_of(path), "POST", path, body, key)).is_settled:
                if time.monotonic() > end:
                    left[key] = reply.code
                    break
                time.sleep(0.5)
        self._line.close()
        return left

    def _call(self, verb: str, method: str, path: str, body: bytes | None = None, key: str | None = None) -> Reply:
        began = time.time()
        reply = self._line.call(method, path, body, **({"Idempotency-Key": key} if key else {}))
        self._load.count(reply)
        self._load.journal.write(
            at=round(began, 3),
            ms=round((time.time() - began) * 1000),
            person=self._purse.person.name,
            verb=verb,
            path=path,
            key=key,
            status=reply.status,
            code=reply.code,
            retry_after=reply.retry_after,
            order=reply.order_id if path.startswith("/orders") else None,
            told=reply.told.get("data") if verb not in ("browse", "blunder") else None,
            request=reply.told.get("requestId"),
            digest=reply.digest,
        )
        if reply.status == LOST:
            time.sleep(0.2)
        return reply

    def _post(self, verb: str, path: str, body: bytes, key: str | None) -> Reply:
        """A lost answer is mostly asked for again at once, as clients do."""
        for _ in range(3):
            reply = self._call(verb, "POST", path, body, key)
            self._purse.note(key, path, body, reply)
            if key is None or reply.is_settled or self._chance.random() < 0.3:
                break
        return reply

    def _key(self, chance: float) -> str | None:
        return f"{self.name}-{self._chance.getrandbits(64):x}" if self._chance.random() < chance else None

    def _buy(self) -> None:
        self._post("buy", "/orders", _body(self._chance.choice(WISHES)), self._key(1.0 if self._always_keyed else 0.7))

    def _poll(self) -> None:
        self._with_order(lambda order: self._call("poll", "GET", f"/orders/{order}"))

    def _cancel(self) -> None:
        self._with_order(lambda order: self._post("cancel", f"/orders/{order}/cancel", b"", self._key(0.5)))

    def _next_sms(self) -> None:
        self._with_order(lambda order: self._post("next-sms", f"/orders/{order}/next-sms", b"", self._key(0.5)))

    def _with_order(self, work: Callable[[str], object]) -> None:
        order = self._purse.some_order(self._chance)
        if order:
            work(order)
        else:
            self._buy()

    def _repeat(self) -> None:
        found = self._purse.some_key(self._chance)
        if found is None:
            return self._buy()
        key, path, body = found
        return self._purse.note(key, path, body, self._call(_verb_of(path), "POST", path, body, key))

    def _list(self) -> None:
        """So it also learns of the orders that other processes made for the same person."""
        reply = self._call("list", "GET", f"/orders?limit={self._chance.choice((5, 20, 100))}")
        self._purse.learn([order["id"] for order in reply.told["data"]["items"]] if reply.status == 200 else [])

    def _account(self) -> None:
        self._call("account", "GET", "/account")

    def _browse(self) -> None:
        self._call("browse", "GET", self._chance.choice(("/services", "/countries", "/prices?service=tg")))

    def _blunder(self) -> None:
        wrong = (
            ("GET", "/orders/c0000000000000000000000000", None),
            ("POST", "/orders", b'{"service": "tg"'),
            ("POST", "/orders", b'{"service": "tg", "country": 7, "gift": true}'),
            ("POST", "/orders/nonsense/cancel", b""),
            ("DELETE", "/orders", None),
            ("GET", "/orders?limit=1000", None),
        )
        self._call("blunder", *self._chance.choice(wrong))


def _verb_of(path: str) -> str:
    return "buy" if path == "/orders" else path.rpartition("/")[2]


def _body(wish: Mapping[str, object]) -> bytes:
    return json.dumps(wish).encode()
