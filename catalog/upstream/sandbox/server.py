"""The sandbox's HTTP server: one thread with an event loop, so that a slow reply holds nobody up."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable

from catalog.upstream.sandbox.line import Line

TICK_SECONDS = 0.1
_BACKLOG = 1024

MakeLine = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Line]


class Server:
    def __init__(self, host: str, port: int, make_line: MakeLine, tick: Callable[[], None]) -> None:
        """Raises OSError where the port is taken. `tick` is called ten times a second."""
        self._socket = socket.create_server((host, port))
        self.port: int = self._socket.getsockname()[1]
        self._make_line = make_line
        self._tick = tick
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="sandbox", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        self._socket.close()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, sock=self._socket, backlog=_BACKLOG)
        ticking = asyncio.create_task(self._keep_ticking())
        self._ready.set()
        await self._stop.wait()
        server.close()
        await self._end({ticking, *self._tasks})

    async def _keep_ticking(self) -> None:
        while True:
            self._tick()
            await asyncio.sleep(TICK_SECONDS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._tasks.add(task)
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await self._make_line(reader, writer).serve()
        finally:
            self._tasks.discard(task)
            with contextlib.suppress(OSError, asyncio.CancelledError):
                writer.close()
                await writer.wait_closed()

    async def _end(self, tasks: set[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
