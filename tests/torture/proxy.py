"""A TCP proxy that spoils what passes through it, by chance and reproducibly.

It sits between the shop and its provider. Whenever the client has sent something the fate of the reply is
drawn anew, so that kept connections are spoiled too. `weather` may be replaced at any time; `refuse` and
`accept` close and open the port.
"""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self

from jiema.embedded.process import free_port

CHUNK = 64 * 1024
_LINGER_NONE = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: closing resets


class Fate(StrEnum):
    """hang_up: the connection is reset, and nothing is passed on. black_hole: nothing is passed on, and no
    reply comes, ever. swallow: passed on and carried out, but no reply comes. reset, truncate: after
    `cut_after` bytes of the reply. delay: the reply is held back.
    """

    HANG_UP = "hang_up"
    BLACK_HOLE = "black_hole"
    SWALLOW = "swallow"
    RESET = "reset"
    TRUNCATE = "truncate"
    DELAY = "delay"
    PASS = "pass"


@dataclass(frozen=True)
class Weather:
    """chances: of each fate, from 0 to 1 in all; what is left passes. cut_after: None is half of what came.

    delay: seconds, at least and at most.
    """

    chances: Mapping[Fate, float] = field(default_factory=dict)
    delay: tuple[float, float] = (0.5, 3.0)
    cut_after: int | None = None


CLEAR = Weather()
HANGING = Weather({Fate.BLACK_HOLE: 1.0})


@dataclass(slots=True)
class Exchange:
    """What is to become of the reply that comes next."""

    fate: Fate = Fate.PASS
    delay: float = 0.0


class Proxy:
    """`with Proxy(port) as proxy:` listens on proxy.port until the end of it. counts: fates, by name."""

    def __init__(self, target: int, *, seed: int = 1, weather: Weather = CLEAR) -> None:
        self.weather = weather
        self.counts: Counter[str] = Counter()
        self._target = target
        self._random = random.Random(seed)
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self.accept()
        return self

    def accept(self) -> None:
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()

    def refuse(self) -> None:
        """New connections only; those that are open stay."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1024)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _end(self) -> None:
        await self._close()
        lines = set(self._lines)
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
        await asyncio.sleep(0.05)  # the transports close themselves in the loop's next turns

    def _draw(self) -> Fate:
        """Only the loop's thread draws, so that one seed gives one sequence."""
        number = self._random.random()
        for fate, chance in self.weather.chances.items():
            number -= chance
            if number < 0:
                self.counts[fate] += 1
                return fate
        self.counts[Fate.PASS] += 1
        return Fate.PASS

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line
        self._lines.add(line)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._connect(reader, writer)
        finally:
            self._lines.discard(line)
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            return _reset(writer)
        exchange = Exchange()
        ways = (
            asyncio.create_task(self._ask(reader, far_writer, writer, exchange)),
            asyncio.create_task(self._answer(far_reader, writer, exchange)),
        )
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                way.exception()
        finally:
            far_writer.close()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        return None

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        far: asyncio.StreamWriter,
        near: asyncio.StreamWriter,
        exchange: Exchange,
    ) -> None:
        while data := await reader.read(CHUNK):
            exchange.fate, exchange.delay = self._draw(), self._random.uniform(*self.weather.delay)
            if exchange.fate == Fate.HANG_UP:
                return _reset(near)
            if exchange.fate != Fate.BLACK_HOLE:
                far.write(data)
                await far.drain()
        return None

    async def _answer(self, far: asyncio.StreamReader, near: asyncio.StreamWriter, exchange: Exchange) -> None:
        while data := await far.read(CHUNK):
            fate = exchange.fate
            if fate in (Fate.SWALLOW, Fate.BLACK_HOLE):
                continue
            if fate == Fate.DELAY:
                await asyncio.sleep(exchange.delay)
                exchange.fate = Fate.PASS
            if fate in (Fate.RESET, Fate.TRUNCATE):
                cut = len(data) // 2 if self.weather.cut_after is None else self.weather.cut_after
                near.write(data[:cut])
                await near.drain()
                return _reset(near) if fate == Fate.RESET else None
            near.write(data)
            await near.drain()
        return None


def _reset(writer: asyncio.StreamWriter) -> None:
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
    writer.transport.abort()
