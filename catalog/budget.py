"""The call budget of a provider: one token bucket in Valkey for all processes."""

import threading
import time
from dataclasses import dataclass, field
from hashlib import sha1

from catalog.upstream.types import CallClass
from jiema.api import valkey

# ARGV: calls a second, burst, tokens to leave for more urgent calls. Answers the microseconds to wait, 0
# where the call may go now.
SCRIPT = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local paused = tonumber(redis.call('HGET', KEYS[1], 'paused') or 0)
if paused > now then return paused - now end
local rate, burst, leave = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local tokens = tonumber(redis.call('HGET', KEYS[1], 'tokens') or burst)
local at = tonumber(redis.call('HGET', KEYS[1], 'at') or now)
tokens = math.min(burst, tokens + (now - at) * rate / 1000000)
local wait = 0
if tokens >= 1 + leave then tokens = tokens - 1 else wait = math.ceil((1 + leave - tokens) * 1000000 / rate) end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], 3600000)
return wait
"""
SHA = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
PAUSE = """
local t = redis.call('TIME')
redis.call('HSET', KEYS[1], 'paused', string.format('%.0f', t[1] * 1000000 + t[2] + ARGV[1]))
redis.call('PEXPIRE', KEYS[1], 3600000)
return 0
"""
PAUSE_SHA = sha1(PAUSE.encode(), usedforsecurity=False).hexdigest()
# The share of the burst that each class leaves to the more urgent ones.
RESERVED = {
    CallClass.PURCHASE: 0.0,
    CallClass.CANCEL: 0.1,
    CallClass.NEXT_SMS: 0.2,
    CallClass.POLL: 0.3,
    CallClass.SWEEP: 0.4,
    CallClass.CATALOGUE: 0.5,
}


@dataclass(slots=True)
class LocalBucket:
    """The same bucket within one process, for as long as Valkey is away."""

    tokens: float
    at: float = field(default_factory=time.monotonic)
    paused_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, rate: float, burst: float, leave: float) -> float:
        """Seconds to wait, 0 where the call may go now."""
        with self.lock:
            now = time.monotonic()
            if self.paused_until > now:
                return self.paused_until - now
            self.tokens = min(burst, self.tokens + (now - self.at) * rate)
            self.at = now
            if self.tokens < 1 + leave:
                return (1 + leave - self.tokens) / rate
            self.tokens -= 1
            return 0.0


class ProviderBudget:
    """Hands out a provider's calls. rate: calls a second; None where only pauses count."""

    def __init__(self, name: str, rate: float | None, burst: int) -> None:
        self.key = f"budget:{name}"
        self.rate = rate or 1_000_000.0
        self.burst = burst if rate else 1_000_000
        self.is_limited = rate is not None
        self.local = LocalBucket(float(self.burst))

    def take(self, call: CallClass, wait_seconds: float) -> bool:
        """True when the call may be made now; False when it would have to wait longer than that."""
        deadline = time.monotonic() + wait_seconds
        while (wait := self._try(call)) > 0:
            if time.monotonic() + wait > deadline:
                return False
            time.sleep(wait)
        return True

    def pause(self, seconds: float) -> None:
        """No calls for so long: the provider said that we are too fast."""
        self.local.paused_until = time.monotonic() + seconds
        try:
            valkey.evaluate(PAUSE, PAUSE_SHA, [self.key], [int(seconds * 1_000_000)])
        except valkey.Away:
            return

    def _try(self, call: CallClass) -> float:
        leave = max(0.0, min(RESERVED[call] * self.burst, self.burst - 1)) if self.is_limited else 0.0
        try:
            reply = valkey.evaluate(SCRIPT, SHA, [self.key], [self.rate, self.burst, leave])
            return int(reply) / 1_000_000
        except valkey.Away:
            return self.local.take(self.rate, self.burst, leave)
