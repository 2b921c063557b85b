"""One client's connection: requests in, replies out, and everything that may spoil them."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Protocol

from catalog.upstream.sandbox.faults import Fault, Faults, canned
from catalog.upstream.sandbox.http import BadRequest, Request, read_request, render
from catalog.upstream.sandbox.log import CallLog
from catalog.upstream.sandbox.wire.desk import Desk
from catalog.upstream.sandbox.wire.reply import Reply

API_PATH = "/stubs/handler_api.php"
_LINGER_NONE = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: closing resets


class PathOwner(Protocol):
    def __call__(self, request: Request) -> bytes | None:
        """A whole HTTP reply, or None where the path is not its own."""


class Line:
    """Serves one connection until its end."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        desk: Desk,
        faults: Faults,
        log: CallLog,
        pages: list[PathOwner],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._desk = desk
        self._faults = faults
        self._log = log
        self._pages = pages

    async def serve(self) -> None:
        try:
            while (request := await read_request(self._reader)) is not None:
                goes_on = await self._answer(request)
                if not (goes_on and request.keep_alive):
                    return
        except BadRequest as problem:
            await self._write(render(400, "text/plain", str(problem).encode()))

    async def _answer(self, request: Request) -> bool:
        """True where the connection may go on."""
        if request.path == API_PATH:
            return await self._api(request)
        for page in self._pages:
            reply = page(request)
            if reply is not None:
                return await self._write(reply)
        return await self._write(render(404, "text/plain", b"Not Found"))

    async def _api(self, request: Request) -> bool:
        if request.method not in ("GET", "POST"):
            return await self._write(render(405, "text/plain", b"Method Not Allowed"))
        action = request.query.get("action", "")
        call = self._log.start(self._desk.shop.clock.now(), action, request.query)
        fault = self._faults.take(action)
        call.fault = fault.fault if fault else None

        def carry_out() -> Reply:
            return self._desk.answer(request.query)

        reply = carry_out() if fault is None else await self._spoiled(fault, action, carry_out)
        if reply is None:
            return False
        call.status = reply.status
        return await self._write(self._bytes(reply))

    async def _spoiled(self, fault: Fault, action: str, carry_out: Callable[[], Reply]) -> Reply | None:
        """The reply that is left to send, if any."""
        done = carry_out() if fault.is_carried_out else None
        match fault.kind:
            case "timeout":
                await self._reader.read()
            case "close":
                pass
            case "reset":
                self._reset()
            case "cut":
                whole = self._bytes(done or carry_out())
                await self._write(whole[: -max(1, len(whole.partition(b"\r\n\r\n")[2]) // 2)])
            case "slow":
                await asyncio.sleep(fault.seconds)
                return done or carry_out()
            case _:
                return canned(fault, action, self._desk.profile.refuse)
        return None

    def _bytes(self, reply: Reply) -> bytes:
        profile = self._desk.profile
        content_type = profile.json_type if reply.is_json else profile.text_type
        return render(reply.status, content_type, reply.body.encode(), reply.headers)

    def _reset(self) -> None:
        sock: socket.socket = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        self._writer.transport.abort()

    async def _write(self, data: bytes) -> bool:
        self._writer.write(data)
        try:
            await self._writer.drain()
        except ConnectionError:
            return False
        return True
