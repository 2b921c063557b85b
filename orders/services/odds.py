"""How many of the numbers that we sold brought a code, offer by offer, from the orders themselves."""

from typing import Any

from django.db import connection

from catalog.odds import Window
from catalog.services.odds import OfferHistory, store_odds

DECIDED_AFTER_MINUTES = 20
LEAST_WAIT_SECONDS = 20

# Seconds are rounded up, so that "within" is true.
_HISTORIES = f"""
WITH tried AS (
    SELECT o.provider_id, o.service_id, o.country_id, o.bought_at > now() - interval '24 hours' AS is_today,
           CASE WHEN o.status NOT IN ('FAILED', 'CANCELLED') AND count(s.id) > 0
                THEN greatest(0, ceil(extract(epoch FROM min(s.received_at) - o.bought_at)))::int END AS seconds
    FROM orders_order o LEFT JOIN orders_sms s ON s.order_id = o.id
    WHERE o.activation_id IS NOT NULL
      AND o.bought_at > now() - interval '7 days'
      AND o.bought_at <= now() - interval '{DECIDED_AFTER_MINUTES} minutes'
      AND NOT (o.status = 'CANCELLED' AND o.cancelled_at < o.bought_at + interval '{LEAST_WAIT_SECONDS} seconds')
      AND NOT (o.status = 'FAILED' AND o.failed_at < o.bought_at)
    GROUP BY o.id
)
SELECT provider_id, service_id, country_id,
       count(*) FILTER (WHERE is_today), count(seconds) FILTER (WHERE is_today),
       percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE is_today),
       percentile_disc(0.9) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE is_today),
       count(*), count(seconds),
       percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds), percentile_disc(0.9) WITHIN GROUP (ORDER BY seconds)
FROM tried GROUP BY provider_id, service_id, country_id
"""


def roll_up_odds() -> int:
    """Count anew, and hand the figures to the catalogue; how many offers' figures changed.

    Which orders count, so that no offer looks better or worse than it is:

    - Only where we really got a number, and only from 20 minutes after its purchase on, whatever became of it. To
      count a number that still waits as a failure would be false; to leave out just those that wait would be false,
      too: of ten numbers bought a minute ago the three whose code came at once would read "3 of 3". All numbers of
      the same age are counted together, when the time of nearly all of them is over.
    - A code counts where its customer got it. An SMS that came after the refund did nobody any good.
    - A number that its customer gave back counts as one without a code, as that is how it was for the customer; but
      not one given back within 20 seconds, in which hardly any code can come: that was a slip, or a changed mind.
    - A number that ended at the provider without a code counts, however soon. One that was found after its order had
      failed or was cancelled does not: nobody could have used it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HISTORIES)
        return store_odds([_history(*row) for row in cursor.fetchall()])


def _history(provider: int, service: str, country: int, *figures: Any) -> OfferHistory:
    return OfferHistory(provider, service, country, Window(*figures[:4]), Window(*figures[4:]))
