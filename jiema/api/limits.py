"""Sliding-window limits, exact, shared by all processes through Valkey.

Each bucket is a list of the microseconds of its admitted calls. One script call admits in all buckets or
in none; a refused call leaves no trace, so it does not lengthen the wait. The same script call notes the use
of the key, refused or not: how often, and when and from where last.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from math import ceil

from django.conf import settings

from jiema.alarms.services import raise_alarm
from jiema.api import valkey

SCRIPT = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local window = tonumber(ARGV[1])
local allowed, tightest, left, oldest = 1, 1, nil, nil
if #ARGV > #KEYS + 1 then
  local uses, address = table.remove(KEYS), table.remove(ARGV)
  local id = table.remove(ARGV)
  redis.call('HINCRBY', uses, id, 1)
  redis.call('HSET', uses, 'last:' .. id, t[1] .. ' ' .. address)
end
for i, key in ipairs(KEYS) do
  local first = redis.call('LINDEX', key, 0)
  while first and tonumber(first) <= now - window do
    redis.call('LPOP', key)
    first = redis.call('LINDEX', key, 0)
  end
  local room = tonumber(ARGV[i + 1]) - redis.call('LLEN', key)
  if room <= 0 then allowed = 0 end
  if left == nil or room < left then
    tightest, left, oldest = i, room, tonumber(first or now)
  end
end
if allowed == 1 then
  for _, key in ipairs(KEYS) do
    redis.call('RPUSH', key, string.format('%.0f', now))
    redis.call('PEXPIRE', key, math.ceil(window / 1000))
  end
  left = left - 1
end
if left < 0 then left = 0 end
return {allowed, tightest, left, oldest + window - now}
"""
USES = "key-uses"
TELL_SECONDS = 60.0
SHA = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Bucket:
    """name: unique among all buckets. limit: calls per window."""

    name: str
    limit: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """About the tightest bucket. reset: whole seconds until a call leaves its window."""

    allowed: bool
    limit: int
    remaining: int
    reset: int


@dataclass(frozen=True, slots=True)
class Use:
    """Of a key, from an address."""

    key_id: int
    address: str


def check(buckets: Sequence[Bucket], use: Use | None = None) -> Verdict:
    """Count one call in all buckets if each has room, and note the use whether or not.

    Without Valkey: this process's own count, and the use is forgotten.
    """
    window = int(settings.API_WINDOW_SECONDS * 1_000_000)
    names: list[str] = [bucket.name for bucket in buckets]
    values: list[int | str] = [window, *(bucket.limit for bucket in buckets)]
    if use:
        names.append(USES)
        values += [use.key_id, use.address]
    try:
        reply = valkey.evaluate(SCRIPT, SHA, names, values)
    except valkey.Away:
        _tell_now_and_then()
        reply = _local.check(buckets, window)
    allowed, tightest, left, wait = reply
    return Verdict(bool(allowed), buckets[tightest - 1].limit, left, max(1, ceil(wait / 1_000_000)))


class _Told:
    at = -math.inf


def _tell_now_and_then() -> None:
    """An alarm, and not for every call."""
    if time.monotonic() - _Told.at > TELL_SECONDS:
        _Told.at = time.monotonic()
        raise_alarm("limits_fell_back")


class LocalBuckets:
    """The same count within one process, for as long as Valkey is away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, deque[int]] = {}

    def check(self, buckets: Sequence[Bucket], window: int) -> list[int]:
        now = time.monotonic_ns() // 1000
        with self._lock:
            self._forget(now - window)
            calls = [self._calls.setdefault(bucket.name, deque()) for bucket in buckets]
            rooms = [bucket.limit - len(call) for bucket, call in zip(buckets, calls, strict=True)]
            allowed = min(rooms) > 0
            if allowed:
                for call in calls:
                    call.append(now)
        tightest = rooms.index(min(rooms))
        oldest = calls[tightest][0] if calls[tightest] else now
        return [allowed, tightest + 1, max(0, rooms[tightest] - allowed), oldest + window - now]

    def _forget(self, horizon: int) -> None:
        for name, calls in list(self._calls.items()):
            while calls and calls[0] <= horizon:
                calls.popleft()
            if not calls:
                del self._calls[name]


_local = LocalBuckets()
