"""Keeping what orders tell about offers; the lists change only where something that they show does."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from catalog.models import CodeRate
from catalog.odds import LEAST_RATED, USUAL_RATE, Window
from catalog.services.pricing import touch_lists, try_lock_catalogue

LEAST_STEP = Decimal("0.03")
"""The shop's rate moves by so much or not at all: else every minute would change every expected cost."""

_STAGE = """
CREATE TEMP TABLE new_odds (
    provider_id bigint, service_id text, country_id int,
    bought_24h int, arrived_24h int, median_24h int, p90_24h int,
    bought_7d int, arrived_7d int, median_7d int, p90_7d int
) ON COMMIT DROP
"""
_FIGURES = (
    *("bought_24h", "arrived_24h", "median_24h", "p90_24h"),
    *("bought_7d", "arrived_7d", "median_7d", "p90_7d"),
)
_SET = ", ".join(f"{figure} = n.{figure}" for figure in _FIGURES)
_OLD, _NEW = (", ".join(f"{table}.{figure}" for figure in _FIGURES) for table in "on")
_SAME = "o.provider_id = n.provider_id AND o.service_id = n.service_id AND o.country_id = n.country_id"
_CHANGE = f"""
WITH gone AS (
    DELETE FROM catalog_offerodds o WHERE NOT EXISTS (SELECT FROM new_odds n WHERE {_SAME})
    RETURNING o.provider_id, o.service_id, o.country_id
), moved AS (
    UPDATE catalog_offerodds o SET {_SET} FROM new_odds n
    WHERE {_SAME} AND ({_OLD}) IS DISTINCT FROM ({_NEW})
    RETURNING o.provider_id, o.service_id, o.country_id
), added AS (
    INSERT INTO catalog_offerodds (provider_id, service_id, country_id, {", ".join(_FIGURES)})
    SELECT n.provider_id, n.service_id, n.country_id, {_NEW} FROM new_odds n
    WHERE NOT EXISTS (SELECT FROM catalog_offerodds o WHERE {_SAME})
    RETURNING provider_id, service_id, country_id
), changed AS (
    SELECT * FROM gone UNION ALL SELECT * FROM moved UNION ALL SELECT * FROM added
)
SELECT count(*), count(p.id) FROM changed c LEFT JOIN catalog_price p USING (provider_id, service_id, country_id)
"""


@dataclass(frozen=True, slots=True)
class OfferHistory:
    """Of one offer, which is a pair at a provider."""

    provider_id: int
    service_code: str
    country_id: int
    day: Window
    week: Window

    def line(self) -> str:
        """As COPY reads it."""
        figures = [
            figure if figure is not None else r"\N"
            for each in (self.day, self.week)
            for figure in (each.bought, each.arrived, each.median_seconds, each.p90_seconds)
        ]
        return "\t".join(map(str, (self.provider_id, self.service_code, self.country_id, *figures))) + "\n"


@transaction.atomic
def store_odds(histories: Collection[OfferHistory]) -> int:
    """Keep these histories, which are all that there are; how many offers' changed.

    Does nothing where another writer is at the catalogue: the next minute's figures are better ones.
    """
    if not try_lock_catalogue():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        with cursor.copy("COPY new_odds FROM STDIN") as copy:
            copy.write("".join(each.line() for each in histories))
        cursor.execute("ANALYZE new_odds")
        changed, shown = _run(cursor)
        cursor.execute("DROP TABLE new_odds")
    if _move_rate(histories) or shown:
        touch_lists()
    return changed


def _run(cursor: Any) -> tuple[int, int]:
    cursor.execute(_CHANGE)
    changed, shown = cursor.fetchone()
    return changed, shown


def _move_rate(histories: Collection[OfferHistory]) -> bool:
    """True where the shop's rate, which is in every expected cost, is another one now."""
    measured = _rate(histories)
    kept = CodeRate.objects.first() or CodeRate(rate=USUAL_RATE)
    if abs(measured - kept.rate) < LEAST_STEP:
        return False
    kept.rate = measured
    kept.save()
    return True


def _rate(histories: Collection[OfferHistory]) -> Decimal:
    """Of all offers over seven days; never 0, for it divides prices."""
    bought = sum(each.week.bought for each in histories)
    if bought < LEAST_RATED:
        return USUAL_RATE
    arrived = sum(each.week.arrived for each in histories)
    return max(Decimal("0.05"), round(Decimal(arrived) / bought, 2))
