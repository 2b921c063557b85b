"""A provider without a wire, and a process that dies at a moment of our choice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from catalog.upstream.adapter import SmsActivate
from catalog.upstream.errors import Unclear, UpstreamError
from catalog.upstream.sandbox import Sandbox
from catalog.upstream.sandbox.faults import ON_THE_LINE, canned
from catalog.upstream.transport import Reply
from jiema import failpoints
from tests.model.clock import Clock
from tests.model.state import Pair, Telling

Moment = int | str | None
"""So many statements and replies from now, or the name of a failpoint; None is never."""


class Crash(BaseException):
    """The process dies here: nothing of ours catches this."""


@dataclass
class Death:
    at: Moment = None

    def comes_nearer(self) -> None:
        if isinstance(self.at, int):
            self.at -= 1
            if self.at < 0:
                self.strike()

    def strike(self) -> None:
        self.at = None
        failpoints.armed.clear()
        raise Crash

    @contextmanager
    def awaited(self, at: Moment) -> Iterator[None]:
        self.at = at
        if isinstance(at, str):
            failpoints.armed[at] = self.strike
        try:
            with connection.execute_wrapper(self._before_statement):
                yield
        finally:
            self.at = None
            failpoints.armed.clear()

    def _before_statement(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.comes_nearer()
        return execute(*args)


class Wire:
    """In the place of a Transport: carries calls to the sandbox within this process, faults and all."""

    def __init__(self, death: Death) -> None:
        self.sandbox = Sandbox(prices=0)
        self._death = death

    def get(self, params: dict[str, str], *, total: float = 0, fresh: bool = False) -> Reply:
        self._death.comes_nearer()
        reply = self._reply({"api_key": "sandbox", **params})
        self._death.comes_nearer()
        return reply

    def _reply(self, params: dict[str, str]) -> Reply:
        desk, action = self.sandbox._desk, params["action"]
        fault = self.sandbox.faults.take(action)
        reply = desk.answer(params) if fault is None or fault.is_carried_out else None
        if fault is not None and fault.kind in ON_THE_LINE:
            raise Unclear(fault.kind.upper())
        if fault is not None:
            reply = canned(fault, action, desk.profile.refuse)
        assert reply is not None
        return Reply(reply.status, reply.body.encode(), None)


class Ear:
    """Hears what the adapter tells the shop."""

    def __init__(self) -> None:
        self.tellings: list[Telling] = []

    def take(self) -> list[Telling]:
        heard, self.tellings = self.tellings, []
        return heard

    def on(self, verb: str) -> Callable[..., Any]:
        """The adapter's method of this name, overheard."""
        plain = getattr(SmsActivate, verb)

        def overheard(adapter: SmsActivate, *args: Any, **options: Any) -> Any:
            about = str(args[0]) if args else ""
            try:
                answer = plain(adapter, *args, **options)
                answer = list(answer) if verb == "active" else answer
            except UpstreamError as error:
                self.tellings.append(Telling(verb, about, error))
                raise
            self.tellings.append(Telling(verb, about, answer))
            return answer

        return overheard


def new_sandbox(profile: str, clock: Clock, costs: dict[Pair, Decimal]) -> Sandbox:
    """Sells these pairs alone, and no SMS comes by itself."""
    sandbox = Sandbox(profile=profile, clock=clock, prices=0, never=1.0, first_id=700_000_001)
    for (service, country), cost in costs.items():
        sandbox.shop.stock(country, service, cost, 100)
    return sandbox
