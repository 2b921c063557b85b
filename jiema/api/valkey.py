"""One Valkey connection per thread, for the scripts of the hot path: no pool, no client in between."""

import socket
import struct
import threading
import time
from collections.abc import Sequence
from typing import Any, NoReturn, cast

import hiredis
from django.conf import settings
from redis.connection import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

TIMEOUT_SECONDS = 0.3
REST_SECONDS = 1.0


class Away(Exception):
    """Valkey did not answer; it is not asked again for a second."""


class Line:
    """A connection whose client only opens it: encryption, sign-in and choice of the database are its job."""

    def __init__(self) -> None:
        limits = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
        pool = ConnectionPool.from_url(settings.REDIS_URL, protocol=2, **limits)
        self._client = cast(Any, pool.make_connection())
        self._client.connect()
        self._socket: socket.socket = self._client._sock
        self._reader = hiredis.Reader(notEnoughData=Ellipsis)
        # The kernel keeps the time: Python's own limit costs two more system calls an exchange.
        limit = struct.pack("ll", 0, int(TIMEOUT_SECONDS * 1_000_000))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        self._socket.settimeout(None)

    def exchange(self, command: tuple[Any, ...]) -> Any:
        """Raises OSError (BlockingIOError when the time is over), NoScriptError, ResponseError."""
        self._socket.sendall(hiredis.pack_command(command))
        while (reply := self._reader.gets()) is Ellipsis:
            self._reader.feed(self._socket.recv(4096) or _raise_closed())
        if isinstance(reply, hiredis.ReplyError):
            raise (NoScriptError if str(reply).startswith("NOSCRIPT") else ResponseError)(str(reply))
        return reply

    def close(self) -> None:
        self._client.disconnect()


def _raise_closed() -> NoReturn:
    raise ConnectionResetError("Valkey closed the connection.")


class _Local(threading.local):
    line: Line | None = None


_local = _Local()
_resting_until = 0.0


def evaluate(script: str, sha: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
    """One EVALSHA; the script is sent whole only where the server does not know it yet. Raises Away."""
    global _resting_until
    if time.monotonic() < _resting_until:
        raise Away
    try:
        try:
            return _call("EVALSHA", sha, len(keys), *keys, *args)
        except NoScriptError:
            return _call("EVAL", script, len(keys), *keys, *args)
    except (RedisConnectionError, RedisTimeoutError, ResponseError, OSError) as error:
        forget()
        _resting_until = time.monotonic() + REST_SECONDS
        raise Away from error


def _call(*command: Any) -> Any:
    fresh = _local.line is None
    try:
        return _exchange(command)
    except BlockingIOError:
        raise
    except (RedisConnectionError, OSError):
        # The server restarted since the last call. A script that ran twice counts a call twice: harmless.
        if fresh:
            raise
        forget()
        return _exchange(command)


def _exchange(command: tuple[Any, ...]) -> Any:
    if _local.line is None:
        _local.line = Line()
    return _local.line.exchange(command)


def forget() -> None:
    if _local.line is not None:
        _local.line.close()
        _local.line = None
