"""Orders that somebody is looking at: the provider is asked about those that nobody asked about for a while."""

import time

from orders.selectors import Pulse, pulse
from orders.services.syncing import sync_if_stale

# No further order is asked about in one look once this is over; the others' turn comes with the next.
SYNC_SECONDS = 1.0


def look(user_id: str, order_id: str, session_key: str) -> Pulse:
    """How the page's orders are after the stale ones were synced. Works with every worker stopped."""
    seen = pulse(user_id, order_id, session_key)
    if not (seen.is_let_in and sync_stale(seen.stale)):
        return seen
    return pulse(user_id, order_id, session_key)


def sync_stale(order_ids: list[str]) -> bool:
    """True where the provider was asked."""
    deadline = time.monotonic() + SYNC_SECONDS
    asked = False
    for order_id in order_ids:
        asked |= sync_if_stale(order_id)
        if time.monotonic() > deadline:
            break
    return asked
