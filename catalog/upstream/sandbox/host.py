"""A whole sandbox in this process: shop, server, knobs, page."""

import asyncio
import time
from collections.abc import Mapping
from decimal import Decimal
from types import TracebackType
from typing import Self

from catalog.upstream.reference import countries, services
from catalog.upstream.sandbox.control import Control
from catalog.upstream.sandbox.engine.account import Account, Rules
from catalog.upstream.sandbox.engine.clock import Clock, SystemClock, VirtualClock
from catalog.upstream.sandbox.engine.prices import draw
from catalog.upstream.sandbox.engine.shelf import Shelf
from catalog.upstream.sandbox.engine.shop import Shop
from catalog.upstream.sandbox.engine.smsplan import Planner
from catalog.upstream.sandbox.faults import Fault, Faults
from catalog.upstream.sandbox.line import API_PATH, Line, PathOwner
from catalog.upstream.sandbox.log import CallLog
from catalog.upstream.sandbox.page import Page
from catalog.upstream.sandbox.push import Push
from catalog.upstream.sandbox.server import Server
from catalog.upstream.sandbox.wire.desk import Desk
from catalog.upstream.sandbox.wire.profiles import PROFILES, Profile

_EPOCH = 1_700_000_000


def first_id_now() -> int:
    """Above all ids of earlier runs, as long as a run sells fewer than a thousand numbers a second."""
    return int((time.time() - _EPOCH) * 1000)


class Sandbox:
    """`with Sandbox(profile="hero", seed=1, clock=VirtualClock()) as sandbox:` serves until the end of it.

    profile: "hero", "classic", or a row of one's own.
    prices: how many pairs are on sale; above 50,000 also of what is no longer live.
    key: the API key that is accepted; None accepts any that is not empty.
    median, never: seconds to an SMS, and the share of numbers that get none.
    first_id: of the first number sold; without it ids do not repeat from run to run.
    """

    def __init__(
        self,
        *,
        profile: str | Profile = "hero",
        seed: int = 1,
        clock: Clock | None = None,
        prices: int = 20_000,
        key: str | None = "sandbox",
        balance: Decimal | str = "10000",
        median: float = 6.0,
        never: float = 0.3,
        grace: float = 120,
        lifetime: float = 1200,
        lifetimes: Mapping[str, float] | None = None,
        first_id: int | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.profile = PROFILES[profile] if isinstance(profile, str) else profile
        self.key = key or "sandbox"
        self.clock = clock or SystemClock()
        self.shop = Shop(
            clock=self.clock,
            seed=seed,
            shelf=Shelf(draw(seed, prices)),
            countries={country.id: country for country in countries()},
            services={service.code: service for service in services()},
            planner=Planner(median, never),
            account=Account(key=key, balance=Decimal(balance)),
            rules=Rules(grace, lifetime, self.profile.lifetimes if lifetimes is None else lifetimes),
            first_id=first_id_now() if first_id is None else first_id,
        )
        self.faults = Faults()
        self.log = CallLog()
        self.push = Push(self.shop, self.profile)
        self._desk = Desk(self.shop, self.profile)
        control = Control(self.shop, self.faults, self.log, self.push)
        self._pages: list[PathOwner] = [control, Page(self.shop, self.profile.name)]
        self._host = host
        self._port = port
        self._server: Server | None = None

    def start(self) -> Self:
        """Raises OSError where the port is taken."""
        self._server = Server(self._host, self._port, self._line, self.shop.tick)
        self._port = self._server.port
        self._server.start()
        self.push.start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self.push.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def origin(self) -> str:
        """Where the page and the control API are: http://127.0.0.1:PORT"""
        return f"http://{self._host}:{self._port}"

    @property
    def url(self) -> str:
        """Where the protocol is spoken."""
        return f"{self.origin}{API_PATH}"

    def advance(self, seconds: float) -> None:
        """Move a virtual clock, and have everything done that is due by then."""
        if not isinstance(self.clock, VirtualClock):
            raise TypeError("the clock is the real one")
        self.clock.advance(seconds)
        self.shop.tick()

    def fail(
        self,
        action: str,
        fault: str,
        *,
        times: int | None = 1,
        seconds: float = 5.0,
        retry_after: int | None = None,
        word: str = "NO_NUMBERS",
        status: int = 200,
        body: str = "",
    ) -> None:
        """Have the next calls of an action go wrong; see faults.py for the kinds."""
        self.faults.add(Fault(fault, action, times, seconds, retry_after, word, status, body))

    def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Line:
        return Line(reader, writer, desk=self._desk, faults=self.faults, log=self.log, pages=self._pages)
