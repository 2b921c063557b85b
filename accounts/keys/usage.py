"""How often, when and from where keys are used: noted in Valkey by the limiter, written here once a minute.

Losing Valkey loses a minute of these figures and nothing else.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import ApiKey, ApiKeyHour
from jiema.api import valkey
from jiema.api.addresses import plain_address
from jiema.api.limits import USES

TAKE = """
local uses = redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])
return uses
"""
TAKE_SHA = sha1(TAKE.encode(), usedforsecurity=False).hexdigest()
KEPT_FOR = timedelta(hours=25)
_SEEN = """
UPDATE accounts_apikey k SET last_used_at = u.at, last_used_address = u.address
FROM unnest(%(ids)s::bigint[], %(at)s::timestamptz[], %(addresses)s::inet[]) AS u (id, at, address)
WHERE k.id = u.id
"""
_COUNT = """
INSERT INTO accounts_apikeyhour (key_id, hour, calls)
SELECT id, date_trunc('hour', now()), calls FROM unnest(%(ids)s::bigint[], %(calls)s::int[]) AS u (id, calls)
ON CONFLICT (key_id, hour) DO UPDATE SET calls = accounts_apikeyhour.calls + excluded.calls
"""


@dataclass(frozen=True, slots=True)
class Uses:
    """Of one key since they were last taken: how many, and the last one. address: None where it can't be read."""

    calls: int
    at: datetime
    address: str | None


def write_key_uses() -> int:
    """Of how many keys. They belong to the hour in which they are written."""
    try:
        uses = _take()
    except valkey.Away:
        return 0
    with transaction.atomic():
        written = _write(uses)
        ApiKeyHour.objects.filter(hour__lt=Now() - KEPT_FOR).delete()
    return written


def _take() -> dict[int, Uses]:
    """What the limiter noted, which is gone from Valkey afterwards. Raises Away."""
    flat = [bytes(part).decode() for part in valkey.evaluate(TAKE, TAKE_SHA, [USES], [])]
    noted = dict(zip(flat[::2], flat[1::2], strict=True))
    return {int(name): _uses(int(calls), noted[f"last:{name}"]) for name, calls in noted.items() if name.isdigit()}


def _uses(calls: int, last: str) -> Uses:
    seconds, _, address = last.partition(" ")
    try:
        known: str | None = str(plain_address(address))
    except ValueError:
        known = None
    return Uses(calls, datetime.fromtimestamp(int(seconds), UTC), known)


def _write(uses: dict[int, Uses]) -> int:
    locked = ApiKey.objects.select_for_update(no_key=True).filter(pk__in=uses).order_by("pk")
    ids = list(locked.values_list("pk", flat=True))
    values: dict[str, Any] = {
        "ids": ids,
        "calls": [uses[key_id].calls for key_id in ids],
        "at": [uses[key_id].at for key_id in ids],
        "addresses": [uses[key_id].address for key_id in ids],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, values)
        cursor.execute(_COUNT, values)
    return len(ids)
