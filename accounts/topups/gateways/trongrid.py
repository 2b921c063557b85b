"""Asks TronGrid, or whatever serves its interface: a JSON object or an error, within a time by the clock.

Plain http.client: it neither follows redirects nor repeats a call, and its answers can be read against a clock
however slowly they drip in.
"""

import io
import json
import select
import socket
import ssl
import time
from collections.abc import Mapping
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from types import TracebackType
from typing import Any, NoReturn, Self
from urllib.parse import urlencode, urlsplit

from accounts.topups.gateways.base import Refused, Unreachable

CONNECT_SECONDS = 2.0
TOTAL_SECONDS = 8.0
MAX_BODY = 4 * 1024 * 1024
_CHUNK = 64 * 1024

Json = dict[str, Any]


class TronGrid:
    """One conversation: all its calls go over one connection and share one time limit."""

    def __init__(self, url: str, api_key: str = "", seconds: float = TOTAL_SECONDS) -> None:
        """url: such as https://api.trongrid.io. Raises ValueError, which quotes neither address nor key."""
        parts = urlsplit(url)
        is_plain = url.isascii() and url.isprintable() and " " not in url
        if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
            raise ValueError("not an http or https address")
        if not (api_key.isascii() and api_key.isprintable()):
            raise ValueError("an API key is of plain letters and digits")
        self._path = parts.path.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": "jiema"}
        if api_key:
            self._headers["TRON-PRO-API-KEY"] = api_key
        self._deadline = time.monotonic() + seconds
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._connection = self._closed_connection(parts.hostname, parts.port)
        response = partial(_ClockedResponse, deadline=self._deadline)
        self._connection.response_class = response  # type: ignore[assignment]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, path: str, params: Mapping[str, str]) -> Json:
        """An object that says `"success": true`. Raises Unreachable, Refused."""
        reply = self._ask("GET", f"{path}?{urlencode(params)}", None)
        if reply.get("success") is not True:
            raise Unreachable("TronGrid answered without success")
        return reply

    def post(self, path: str, told: Json) -> Json:
        """Raises Unreachable, Refused."""
        reply = self._ask("POST", path, json.dumps(told).encode())
        if "Error" in reply:
            raise Unreachable("the TRON node answered with an error")
        return reply

    def _ask(self, method: str, target: str, body: bytes | None) -> Json:
        status, wait, answer = self._exchange(method, target, body)
        if status != 200:
            _refuse(status, wait)
        return _parsed(answer)

    def _exchange(self, method: str, target: str, body: bytes | None) -> tuple[int, str, bytes]:
        """Status, Retry-After, body."""
        try:
            if self._connection.sock is not None and not _is_silent(self._connection.sock):
                self._connection.close()
            if self._connection.sock is None:
                self._connection.sock = self._dial(min(self._deadline, time.monotonic() + CONNECT_SECONDS))
            self._connection.sock.settimeout(_left(self._deadline))
            typed = {**self._headers, "Content-Type": "application/json"} if body else self._headers
            self._connection.request(method, self._path + target, body, typed)
            with self._connection.getresponse() as response:
                return response.status, response.getheader("Retry-After") or "", _whole(response)
        except (OSError, HTTPException, ValueError) as error:
            failure = type(error).__name__
        raise Unreachable(f"TronGrid did not answer as it should: {failure}")

    def _closed_connection(self, host: str, port: int | None) -> HTTPConnection:
        if self._tls:
            return HTTPSConnection(host, port, context=self._tls)
        return HTTPConnection(host, port)

    def _dial(self, deadline: float) -> socket.socket:
        """Address by address, all within one time: the library's own dialling gives each the whole of it."""
        host, port = self._connection.host, self._connection.port
        failure: OSError = TimeoutError()
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(_left(deadline))
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return self._tls.wrap_socket(sock, server_hostname=host) if self._tls else sock
            except OSError as error:
                failure = error
                sock.close()
        raise failure


class TooLong(ValueError):
    """A body beyond MAX_BODY."""


class _ClockedReader(io.RawIOBase):
    """Reads a socket until a deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_left(self._deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _ClockedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_ClockedReader(self.fp.detach(), sock, deadline))


def _is_silent(sock: socket.socket) -> bool:
    """Neither closed by the other side nor out of step."""
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return not poller.poll(0)


def _left(deadline: float) -> float:
    """Seconds. Raises TimeoutError where none are left."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _whole(response: HTTPResponse) -> bytes:
    """The body. Raises where it was cut short or is too long."""
    body = bytearray()
    while chunk := response.read(_CHUNK):
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLong
    if response.length:
        raise IncompleteRead(b"")
    return bytes(body)


def _refuse(status: int, wait: str) -> NoReturn:
    if status in (401, 403):
        raise Refused(f"TronGrid refuses the API key, or has had too many calls (HTTP {status})")
    if 400 <= status < 500 and status not in (408, 429):
        raise Refused(f"TronGrid refuses the question (HTTP {status})")
    again = f"; again in {wait} s" if wait.isascii() and wait.isdigit() and len(wait) < 10 else ""
    raise Unreachable(f"TronGrid cannot answer now (HTTP {status}{again})")


def _parsed(answer: bytes) -> Json:
    try:
        reply = json.loads(answer)
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict):
        raise Unreachable("TronGrid answered with something other than a JSON object")
    return reply
