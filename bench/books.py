"""`python -m bench.books`: how long `check_books` takes where the ledger holds a million entries.

Everything runs in one temporary folder on a PostgreSQL of its own. Exit code 1 where a check finds anything, for the
books are honest, or where all checks together take longer than a minute.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from django.core.management import call_command

from bench.scratch import open_shop, scratch_database
from bench.seed import SQL_FILES
from jiema.embedded.errors import CannotStart

ENTRIES = 1_000_000
AT_MOST_SECONDS = 60.0
ENTRIES_OF_TEN_ORDERS = 16
PEOPLE = 20_000
RECENT = timedelta(days=1)


@dataclass
class Figures:
    """Seconds of each check, over all the books and over a day of them; and what they found, which is a fault."""

    entries: int
    whole: dict[str, float] = field(default_factory=dict)
    recent: dict[str, float] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(self.whole.values())

    @property
    def is_met(self) -> bool:
        return not self.found and self.seconds <= AT_MOST_SECONDS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.books", description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    options = parser.parse_args()
    try:
        figures = run(options.entries)
    except CannotStart as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    told = {**asdict(figures), "seconds": figures.seconds, "is_met": figures.is_met}
    print(json.dumps(told) if options.json else table(figures))
    return int(not figures.is_met)


def run(entries: int = ENTRIES) -> Figures:
    """Fill a scratch database and check it. Sets Django up on it: a process runs this once."""
    with scratch_database("books") as url:
        open_shop(url)
        call_command("migrate", verbosity=0)
        return measure(fill(url, entries))


def fill(url: str, entries: int) -> int:
    """Write honest books of about so many entries; how many there are."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("SET session_replication_role = replica")
        db.execute(script(entries * 10 // ENTRIES_OF_TEN_ORDERS, PEOPLE).encode())
        db.execute("VACUUM (ANALYZE)")
        counted = db.execute("SELECT count(*) FROM wallet_entry").fetchone()
    return int(counted[0]) if counted else 0


def script(orders: int, people: int) -> str:
    """SQL that writes the books of so many orders, past the guards of the money."""
    template = (SQL_FILES / "books.sql").read_text()
    return template.replace(":people", str(people)).replace(":orders", str(orders))


def measure(entries: int) -> Figures:
    from jiema import books

    figures = Figures(entries)
    for since, seconds in ((None, figures.whole), (datetime.now(UTC) - RECENT, figures.recent)):
        with _timed({check.sql: check.rule for check in books.CHECKS}, seconds):
            found = books.breaches(since)
        figures.found += [f"{breach.check}: {breach.subject}: {breach.detail}" for breach in found]
    return figures


@contextmanager
def _timed(names: Mapping[str, str], seconds: dict[str, float]) -> Iterator[None]:
    """Note how long each of these statements takes."""
    from django.db import connection

    def run(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        began = time.monotonic()
        result = execute(sql, *rest)
        if name := names.get(sql):
            seconds[name] = time.monotonic() - began
        return result

    with connection.execute_wrapper(run):
        yield


def table(figures: Figures) -> str:
    lines = [f"| {figures.entries:,} entries | all, s | one day, s |", "|---|---|---|"]
    lines += [f"| {rule} | {whole:.2f} | {figures.recent[rule]:.2f} |" for rule, whole in figures.whole.items()]
    lines += [f"| in all | {figures.seconds:.2f} | {sum(figures.recent.values()):.2f} |"]
    return "\n".join([*lines, *figures.found])


if __name__ == "__main__":
    sys.exit(main())
