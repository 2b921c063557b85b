"""How one step goes: do it, hear what the provider told, and compare the shop with the oracle."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine

from catalog.models import Provider
from catalog.upstream.sandbox import Sandbox
from catalog.upstream.sandbox.engine.activation import Activation
from tests.model.oracle import Oracle
from tests.model.state import Books, Order, Telling
from tests.model.window import breaches, look
from tests.model.wire import Crash, Moment
from tests.model.world import COSTS, World

RULES: Counter[str] = Counter()
"""How often each rule ran."""
EVENTS: Counter[str] = Counter()
"""Replies by rule, final states, adoptions, deaths."""


class Stage(RuleBasedStateMachine):
    """world: set by whoever runs it. had_an_owner: numbers that a list showed while no purchase of their pair was in
    flight. payments: that were credited and not taken back: id, user, cents."""

    world: ClassVar[World]
    oracle: Oracle
    sandbox: Sandbox
    provider: Provider
    rule = "open"

    def set_up(self, dialect: str) -> None:
        self.provider = self.world.open(dialect)
        self.sandbox = self.world.wire.sandbox
        books = Books([0, 0], [0, 0], {**COSTS})
        self.oracle = Oracle(books, self._sold_at, can_list=dialect != "bower")
        self.had_an_owner: set[str] = set()
        self.payments: list[tuple[str, int, int]] = []
        self.texts = 1000
        self.ran: Counter[str] = Counter()

    def _sold_at(self, number: str) -> int:
        return round(self.sandbox.shop._by_id[int(number)].bought_at * 1000)

    def step(
        self, act: Callable[[], object], predict: Callable[[list[Telling]], str] | None = None, death: Moment = None
    ) -> list[Telling] | None:
        """What the provider told; None where the process died on the way."""
        world, oracle = self.world, self.oracle
        world.clock.move(7)
        oracle.begin(world.clock.ms)
        reply = self._lived(act, death)
        told = world.ear.take()
        expected = (predict or oracle.hear)(told) or "OK"
        seen = look(world.users, self.provider.pk)
        oracle.name(seen["orders"])
        oracle.learn(seen, told)
        if reply is None:
            oracle.find_moment(seen)
        else:
            assert reply == expected
            self._note_listed(told)
            EVENTS[f"{self.rule}: {reply}"] += 1
        assert seen == oracle.books.seen()
        assert breaches() == []
        return None if reply is None else told

    def _lived(self, act: Callable[[], object], death: Moment) -> str | None:
        """The reply, OK where there is none; None where the process died."""
        with self.world.death.awaited(death):
            try:
                reply = act()
            except Crash:
                EVENTS["deaths"] += 1
                return None
        return reply if isinstance(reply, str) else "OK"

    def _note_listed(self, told: Sequence[Telling]) -> None:
        lists = (telling.answer for telling in told if telling.verb == "active" and isinstance(telling.answer, list))
        for row in (row for rows in lists for row in rows):
            if not self.oracle.is_in_flight(row.service, row.country):
                self.had_an_owner.add(row.activation_id)

    def call(self, user: int, method: str, path: str, body: Any = None, **headers: str) -> str:
        """The error's code, or OK."""
        sent = {"Authorization": f"Bearer {self.world.tokens[user]}", **headers}
        data = b"" if body is None else json.dumps(body).encode()
        reply = self.world.client.generic(method, f"/api/v1{path}", data, "application/json", headers=sent)
        self.reply = json.loads(reply.content)
        return str(self.reply.get("code", "OK"))

    def order(self, pick: int, *statuses: str) -> tuple[str, Order]:
        """The newest but so many; of those with a status that is asked for, where there is one, but not always."""
        orders = [*self.oracle.books.orders.items()]
        fitting = [row for row in orders if row[1].status in statuses and pick < 4]
        return (fitting or orders)[-1 - pick % len(fitting or orders)]

    def sold(self) -> list[Activation]:
        return self.sandbox.shop._sold

    def fail(self, action: str, kind: str | None, times: int = 1) -> None:
        """kind: a fault of the sandbox's, or a word in capitals to refuse with; None for nothing."""
        if kind and kind.isupper():
            self.sandbox.fail(action, "refuse", word=kind, times=times)
        elif kind:
            self.sandbox.fail(action, kind, times=times)
