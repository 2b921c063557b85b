"""The call budget of a provider: one token bucket in Valkey for all processes, the most urgent calls first."""

import threading
import time
from hashlib import sha1

from catalog.upstream.types import CallClass
from jiema.api import valkey

# ARGV: calls a second, burst, tokens to leave for more urgent calls, urgency (0 first), microseconds that the
# caller would wait. Answers the microseconds to wait, 0 where the call may go now. Who waits is noted until its
# turn comes, and no less urgent call goes before it.
TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local rate, burst, leave = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local urgency, patience = tonumber(ARGV[4]), tonumber(ARGV[5])
local function at(field) return tonumber(redis.call('HGET', KEYS[1], field) or 0) end
local function set(field, value) redis.call('HSET', KEYS[1], field, string.format('%.0f', value)) end
local wait = math.max(0, at('paused') - now)
for class = 0, urgency - 1 do wait = math.max(wait, at('waiting' .. class) - now) end
if rate > 0 and wait == 0 then
  local seen = at('seen')
  local tokens = burst
  if seen > 0 then
    tokens = math.min(burst, at('tokens') + math.max(0, now - seen) * rate / 1000000)
  end
  if tokens >= 1 + leave then tokens = tokens - 1
  else wait = math.ceil((1 + leave - tokens) * 1000000 / rate) end
  redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens))
  set('seen', now)
end
if wait == 0 then redis.call('HDEL', KEYS[1], 'waiting' .. urgency)
elseif wait <= patience then set('waiting' .. urgency, now + wait + 50000) end
redis.call('PEXPIRE', KEYS[1], 3600000)
return math.ceil(wait)
"""
TAKE_SHA = sha1(TAKE.encode(), usedforsecurity=False).hexdigest()
PAUSE = """
local t = redis.call('TIME')
local till = t[1] * 1000000 + t[2] + ARGV[1]
if till > tonumber(redis.call('HGET', KEYS[1], 'paused') or 0) then
  redis.call('HSET', KEYS[1], 'paused', string.format('%.0f', till))
end
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


class LocalBucket:
    """The same bucket within one process, for as long as Valkey is away."""

    def __init__(self, rate: float | None, burst: int) -> None:
        self._rate = rate
        self._burst = self._tokens = float(burst)
        self._seen = time.monotonic()
        self._paused_until = 0.0
        self._lock = threading.Lock()

    def take(self, leave: float) -> float:
        """Seconds to wait, 0 where the call may go now."""
        with self._lock:
            now = time.monotonic()
            if self._paused_until > now:
                return self._paused_until - now
            if self._rate is None:
                return 0.0
            self._tokens = min(self._burst, self._tokens + (now - self._seen) * self._rate)
            self._seen = now
            if self._tokens < 1 + leave:
                return (1 + leave - self._tokens) / self._rate
            self._tokens -= 1
            return 0.0

    def pause(self, seconds: float) -> None:
        with self._lock:
            self._paused_until = max(self._paused_until, time.monotonic() + seconds)


class ProviderBudget:
    """Hands out a provider's calls. rate: calls a second; None where only pauses count."""

    def __init__(self, name: str, rate: float | None, burst: int) -> None:
        self._key = f"budget:{name}"
        self._rate = rate
        self._burst = max(1, burst)
        self._local = LocalBucket(rate, self._burst)

    def take(self, call: CallClass, wait_seconds: float) -> bool:
        """True when the call may be made now; False when it would have to wait longer than that."""
        deadline = time.monotonic() + wait_seconds
        while True:
            patience = max(0.0, deadline - time.monotonic())
            # Who has waited for half of its time goes with the most urgent: else busy customers starve the sweep.
            wait = self._try(call if patience > wait_seconds / 2 or not wait_seconds else CallClass.PURCHASE, patience)
            if wait <= 0 or wait > patience:
                return wait <= 0
            time.sleep(wait)

    def pause(self, seconds: float) -> None:
        """No calls for so long: the provider said that we are too fast."""
        self._local.pause(seconds)
        try:
            valkey.evaluate(PAUSE, PAUSE_SHA, [self._key], [int(seconds * 1_000_000)])
        except valkey.Away:
            return

    def _try(self, call: CallClass, patience: float) -> float:
        """Seconds to wait, 0 where the call may go now."""
        leave = min(RESERVED[call] * self._burst, self._burst - 1)
        args = [self._rate or 0, self._burst, leave, call.value, int(patience * 1_000_000)]
        try:
            return int(valkey.evaluate(TAKE, TAKE_SHA, [self._key], args)) / 1_000_000
        except valkey.Away:
            return self._local.take(leave)
