"""One Valkey connection per thread, for the scripts of the hot path: no pool, no client in between."""

import threading
import time
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from redis.connection import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

TIMEOUT_SECONDS = 0.3
REST_SECONDS = 1.0


class Away(Exception):
    """Valkey did not answer; it is not asked again for a second."""


class _Local(threading.local):
    connection: Any = None


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
    fresh = _local.connection is None
    try:
        return _exchange(command)
    except (RedisConnectionError, OSError):
        # The server restarted since the last call. A script that ran twice counts a call twice: harmless.
        if fresh:
            raise
        forget()
        return _exchange(command)


def _exchange(command: Sequence[Any]) -> Any:
    if _local.connection is None:
        _local.connection = ConnectionPool.from_url(
            settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
        ).make_connection()
        _local.connection.connect()
    _local.connection.send_command(*command)
    return _local.connection.read_response()


def forget() -> None:
    if _local.connection is not None:
        _local.connection.disconnect()
        _local.connection = None
