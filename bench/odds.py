"""`python -m bench.odds`: how long the minute's roll-up of the odds takes where the shop has a million orders.

Twice: all of them within the seven days that it reads, and spread over 90 days. Everything runs on a PostgreSQL of its
own. Exit code 1 where a roll-up takes longer than a tenth of its minute.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from django.core.management import call_command

from bench.scratch import open_shop, scratch_database
from bench.seed import SQL_FILES
from jiema.embedded.errors import CannotStart

ORDERS = 1_000_000
AT_MOST_SECONDS = 6.0
ROUNDS = 5


@dataclass(frozen=True)
class Figures:
    """changed: offers whose figures the first roll-up brought. seconds: of the later ones, median."""

    days: int
    changed: int
    first_seconds: float
    seconds: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.odds", description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    options = parser.parse_args()
    try:
        figures = run(options.orders)
    except CannotStart as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(table(options.orders, figures))
    return int(any(each.seconds > AT_MOST_SECONDS for each in figures))


def run(orders: int) -> list[Figures]:
    """Fill a scratch database, roll up, and again with other orders."""
    with scratch_database("odds") as url:
        open_shop(url)
        call_command("migrate", verbosity=0)
        return [measure(url, orders, days) for days in (7, 90)]


def measure(url: str, orders: int, days: int) -> Figures:
    from catalog.services.pricing import rebuild_price_list
    from orders.services.odds import roll_up_odds

    with psycopg.connect(url, autocommit=True) as db:
        db.execute("SET session_replication_role = replica")  # orders without charges pass the money's guard
        db.execute("TRUNCATE accounts_user, catalog_provider, catalog_country, catalog_service CASCADE")
        script = (SQL_FILES / "odds.sql").read_text()
        db.execute(script.replace(":orders", str(orders)).replace(":days", str(days)).encode())
        db.execute("VACUUM (ANALYZE)")
    rebuild_price_list()
    changed, first_seconds = _timed(roll_up_odds)
    return Figures(days, changed, first_seconds, statistics.median(_timed(roll_up_odds)[1] for _ in range(ROUNDS)))


def _timed(roll_up: Callable[[], int]) -> tuple[int, float]:
    began = time.monotonic()
    changed = roll_up()
    return changed, time.monotonic() - began


def table(orders: int, figures: list[Figures]) -> str:
    lines = [f"| {orders:,} orders within | offers | first roll-up, s | each later one, s |", "|---|---|---|---|"]
    lines += [f"| {e.days} days | {e.changed:,} | {e.first_seconds:.2f} | {e.seconds:.2f} |" for e in figures]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
