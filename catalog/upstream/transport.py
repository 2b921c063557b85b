"""One HTTP GET, once, within a time by the clock.

Plain http.client, because libraries above it write addresses into logs, and ours hold the key. It neither
repeats a request nor follows a redirect.
"""

import io
import os
import select
import socket
import ssl
import time
import weakref
import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import Any
from urllib.parse import urlencode, urlsplit

from catalog.upstream.errors import Unavailable, Unclear

CONNECT_SECONDS = 2.0
TOTAL_SECONDS = 8.0
MAX_BODY = 32 * 1024 * 1024
IDLE_SECONDS = 15.0
KEEP_IDLE = 8
DEFAULT_PATH = "/stubs/handler_api.php"
# Edges before several providers turn away the bare name of a library.
HEADERS = {
    "User-Agent": "Mozilla/5.0 (compatible; jiema)",
    "Accept": "application/json, text/plain, */*",
    "Accept-Encoding": "gzip",
}
_CHUNK = 64 * 1024
_FAILURES = (OSError, HTTPException, ValueError, zlib.error)


@dataclass(frozen=True, slots=True)
class Reply:
    """retry_after: seconds, where the reply says them."""

    status: int
    body: bytes
    retry_after: float | None


def _left(deadline: float) -> float:
    """Seconds. Raises TimeoutError where none are left."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class TooLong(ValueError):
    """A body beyond MAX_BODY."""


class _ClockedReader(io.RawIOBase):
    """Reads a socket until a deadline, however slowly the bytes drip in."""

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


class ClockedResponse(HTTPResponse):
    """Its head and body are read until a deadline, on the monotonic clock."""

    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_ClockedReader(self.fp.detach(), sock, deadline))


class Transport:
    """GETs to one address. Thread-safe; connections are kept for reads alone."""

    def __init__(self, base_url: str, api_key: str = "") -> None:
        """base_url: the host's root, or the whole address of its script. Raises ValueError.

        The key joins the other parameters only where they are sent, in no frame that an error passes through.
        """
        url = urlsplit(base_url)
        is_plain = base_url.isascii() and base_url.isprintable() and " " not in base_url
        if url.scheme not in ("http", "https") or not url.hostname or not is_plain:
            raise ValueError("not an http or https address")
        self._host, self._port = url.hostname, url.port
        self._path = url.path if url.path.strip("/") else DEFAULT_PATH
        self._secret = {"api_key": api_key} if api_key else {}
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._idle: deque[tuple[int, float, HTTPConnection]] = deque()
        weakref.finalize(self, _close_all, self._idle)

    def get(self, params: Mapping[str, str], *, total: float = TOTAL_SECONDS, fresh: bool = False) -> Reply:
        """total: seconds for everything. fresh: on a connection of its own, never on a kept one.

        Raises Unavailable where the request was certainly not sent, Unclear where it may have been.
        """
        deadline = time.monotonic() + total
        connection = None if fresh else self._kept()
        connection = connection or self._connected(deadline)
        try:
            reply = self._exchange(connection, params, deadline)
        except _FAILURES as error:
            failure = _token(error)
        else:
            self._keep(connection, fresh)
            return reply
        connection.close()
        raise Unclear(failure)

    def _connected(self, deadline: float) -> HTTPConnection:
        connection = self._connection()
        try:
            connection.sock = self._dial(connection.port, min(deadline, time.monotonic() + CONNECT_SECONDS))
        except _FAILURES as error:
            failure = _token(error)
        else:
            if time.monotonic() < deadline:
                return connection
            failure = "TIMEOUT"
        connection.close()
        raise Unavailable(f"NO_CONNECTION_{failure}")

    def _connection(self) -> HTTPConnection:
        if self._tls:
            return HTTPSConnection(self._host, self._port, context=self._tls)
        return HTTPConnection(self._host, self._port)

    def _dial(self, port: int, deadline: float) -> socket.socket:
        """Address by address, all within one time: the library's own dialling gives each the whole of it."""
        failure: OSError = TimeoutError()
        for family, kind, protocol, _, address in socket.getaddrinfo(self._host, port, type=socket.SOCK_STREAM):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(_left(deadline))
                sock.connect(address)
                return self._secured(sock, deadline)
            except OSError as error:
                failure = error
                sock.close()
        raise failure

    def _secured(self, sock: socket.socket, deadline: float) -> socket.socket:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(_left(deadline))
        return self._tls.wrap_socket(sock, server_hostname=self._host) if self._tls else sock

    def _exchange(self, connection: HTTPConnection, params: Mapping[str, str], deadline: float) -> Reply:
        connection.sock.settimeout(_left(deadline))
        connection.response_class = partial(ClockedResponse, deadline=deadline)  # type: ignore[assignment]
        connection.request("GET", f"{self._path}?{urlencode({**self._secret, **params})}", headers=HEADERS)
        with connection.getresponse() as response:
            return Reply(response.status, _body(response), _retry_after(response))

    def _kept(self) -> HTTPConnection | None:
        """A kept connection that is of this process, young, and silent: not closed by the other side."""
        while self._idle:
            owner, since, connection = self._idle.pop()
            is_young = time.monotonic() - since < IDLE_SECONDS
            if owner == os.getpid() and is_young and _is_silent(connection.sock):
                return connection
            connection.close()
        return None

    def _keep(self, connection: HTTPConnection, fresh: bool) -> None:
        if fresh or connection.sock is None or len(self._idle) >= KEEP_IDLE:
            connection.close()
        else:
            self._idle.append((os.getpid(), time.monotonic(), connection))


def _close_all(idle: deque[tuple[int, float, HTTPConnection]]) -> None:
    while idle:
        idle.pop()[2].close()


def _is_silent(sock: socket.socket) -> bool:
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return not poller.poll(0)


def _body(response: HTTPResponse) -> bytes:
    """The whole body, inflated. Raises where it was cut short or is too long."""
    encoding = (response.getheader("Content-Encoding") or "").strip().lower()
    inflate = zlib.decompressobj(31) if encoding in ("gzip", "x-gzip") else None
    body = bytearray()
    while chunk := response.read(_CHUNK):
        body += inflate.decompress(chunk, MAX_BODY + 1 - len(body)) if inflate else chunk
        if len(body) > MAX_BODY:
            raise TooLong
    if response.length or (inflate and body and not inflate.eof):
        raise IncompleteRead(b"")
    return bytes(body)


def _retry_after(response: HTTPResponse) -> float | None:
    value = (response.getheader("Retry-After") or "").strip()
    return float(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _token(error: Exception) -> str:
    """What went wrong, in a word of ours: the error's own text may quote the address, key and all."""
    if isinstance(error, TimeoutError):
        return "TIMEOUT"
    if isinstance(error, TooLong):
        return "TOO_LONG"
    return type(error).__name__.upper()
