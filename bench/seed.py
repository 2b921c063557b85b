"""What the databases hold: the same orders for jiema and for the typical project.

All orders are final, so that no provider is asked while we measure: what is measured is a poll between two
syncs, which is what most polls are. Seven in ten have an SMS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

SQL_FILES = Path(__file__).with_name("sql")
SEED = 20_261
USERS = 2_000
TARGETS = 5_000

_KEYS = "CREATE TEMPORARY TABLE keys (person integer, token text)"
# Ids sort by time, as the real ones do: 8 characters of it, then 16 random ones.
_MADE = f"""
CREATE TEMPORARY TABLE made AS
SELECT i AS number, i % {USERS} AS person, now() - interval '1 day' AS created_at,
       'c' || lpad(to_hex(i), 8, '0') || left(md5('{SEED}:' || i), 16) AS id,
       CASE WHEN i % 10 < 7 THEN 'COMPLETED' WHEN i % 10 = 7 THEN 'FAILED' ELSE 'CANCELLED' END AS status,
       CASE WHEN i % 10 < 7 THEN 'Telegram code ' || 10000 + i % 90000 || '. Do not share it.' END AS body,
       '+601' || lpad((i % 100000000)::text, 8, '0') AS phone
FROM generate_series(1, {{orders}}) AS i
"""
_TARGETS = f"SELECT id, person FROM made ORDER BY md5(id) LIMIT {TARGETS}"


@dataclass(frozen=True)
class Contents:
    """orders: how many. tokens: a key for each of the users."""

    orders: int
    tokens: Sequence[str]

    def fill(self, database_url: str, script: str, targets: Path) -> None:
        """Run the script over `keys` and `made`; write which orders to ask for, `path token` a line."""
        with psycopg.connect(database_url, autocommit=True) as db:
            db.execute("SET session_replication_role = replica")  # orders without charges pass the money's guard
            db.execute(_KEYS)
            db.cursor().executemany("INSERT INTO keys VALUES (%s, %s)", list(enumerate(self.tokens)))
            db.execute(SQL(_MADE).format(orders=self.orders))
            db.execute((SQL_FILES / f"{script}.sql").read_bytes())
            db.execute("VACUUM (ANALYZE)")
            rows = db.execute(_TARGETS.encode()).fetchall()
        lines = (f"/api/v1/orders/{order} {self.tokens[person]}\n" for order, person in rows)
        targets.write_text("".join(lines))


def create_database(server_url: str, name: str) -> None:
    with psycopg.connect(f"{server_url}/postgres", autocommit=True) as db:
        db.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
