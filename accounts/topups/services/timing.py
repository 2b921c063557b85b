"""When a gateway is asked about a wish again. Webhooks are faster; this finds what they did not tell."""

import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from django.utils import timezone

from accounts.topups.models import Method, Payout, PayoutState, TopUp

SECONDS_AT_MOST = 5.0
T = TypeVar("T")
# While it is open: every so many seconds in the first hour, then every five minutes.
SECONDS = {Method.TRON: 10, Method.STRIPE: 60, Method.SANDBOX: 60}
LATER = timedelta(minutes=5)
# Once it is over, a late or a second payment may still come: (younger than, asked every).
PATIENCE = (
    (timedelta(hours=3), timedelta(minutes=2)),
    (timedelta(days=2), timedelta(hours=1)),
    (timedelta(days=30), timedelta(hours=12)),
)
# People pay again to an address that they have saved, and there is no list of payments to find it by.
SAVED = timedelta(days=7)


def within(seconds: float, rows: Iterable[T]) -> Iterator[T]:
    """The rows, until the time is up: a gateway that hangs does not keep a worker. The rest is of the next tick."""
    ends = time.monotonic() + seconds
    for row in rows:
        yield row
        if time.monotonic() > ends:
            return


def next_read(wish: TopUp) -> datetime | None:
    """None where nobody has to ask any more, or nobody could answer."""
    now = timezone.now()
    if wish.gateway == Method.BANK:
        return wish.expires_at if wish.expires_at and wish.expires_at > now else None
    age = now - wish.created_at
    if wish.is_open:
        return now + (timedelta(seconds=SECONDS[Method(wish.gateway)]) if age < timedelta(hours=1) else LATER)
    for younger_than, every in PATIENCE:
        if age < younger_than:
            return now + every
    if wish.gateway == Method.TRON:
        return now + SAVED
    return now + PATIENCE[-1][1] if _waits_for_payout(wish) else None


def _waits_for_payout(wish: TopUp) -> bool:
    waiting = Payout.objects.filter(state=PayoutState.PENDING, by_hand=False)
    return waiting.filter(top_up=wish).exists() or waiting.filter(top_up__again_for=wish).exists()
