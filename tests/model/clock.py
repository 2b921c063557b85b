"""A clock for the database and the provider alike, that stands still until it is moved."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import connection

NOON = 1_767_268_800_000
# Columns' defaults are bound to the real clock when their table is made; everything else looks now() up by the path.
_CLOCK = """
CREATE SCHEMA model;
CREATE FUNCTION model.now() RETURNS timestamptz STABLE LANGUAGE sql
    AS $$ SELECT current_setting('model.clock')::timestamptz $$;
CREATE FUNCTION model.statement_timestamp() RETURNS timestamptz STABLE LANGUAGE sql
    AS $$ SELECT current_setting('model.clock')::timestamptz $$;
SET search_path = model, pg_catalog, public;
SET jit = off;
"""
_DEFAULTS = """
SELECT format('ALTER TABLE %%s ALTER COLUMN %%I SET DEFAULT %s', d.adrelid::regclass, a.attname)
FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE pg_get_expr(d.adbin, d.adrelid) ~ '(statement_timestamp|now)\\(\\)'
"""
_EMPTIED = """
SELECT quote_ident(tablename) FROM pg_tables
WHERE schemaname = 'public' AND tablename <> 'wallet_wallet'
  AND (tablename !~ '^(django|auth|account|accounts|socialaccount|mfa|catalog)_' OR tablename ~ 'balancereading')
"""


class Clock:
    """Milliseconds, that stand still until they are moved; the database's now() too."""

    def __init__(self) -> None:
        self.ms = NOON

    def now(self) -> float:
        return self.ms / 1000

    monotonic = now

    def move(self, ms: int) -> None:
        self.ms += ms
        with connection.cursor() as cursor:
            moment = datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds")
            cursor.execute("SELECT set_config('model.clock', %s, false)", [moment])


@contextmanager
def virtual_time(clock: Clock) -> Iterator[None]:
    """now() is the clock's on this connection, and for all defaults of columns."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOCK)
        clock.move(0)
        _set_defaults(cursor, "model.now()")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            _set_defaults(cursor, "pg_catalog.statement_timestamp()")
            cursor.execute("SET search_path = public; DROP SCHEMA model CASCADE; RESET search_path; RESET jit")


def _set_defaults(cursor: Any, to: str) -> None:
    cursor.execute(_DEFAULTS % to)
    for (statement,) in cursor.fetchall():
        cursor.execute(statement)


def empty_tables() -> None:
    """Everything goes that an example writes, past the guards of what is kept for ever."""
    with connection.cursor() as cursor:
        cursor.execute(_EMPTIED)
        tables = ", ".join(table for (table,) in cursor.fetchall())
        cursor.execute(
            f"SET session_replication_role = replica; TRUNCATE {tables};"
            "UPDATE wallet_wallet SET balance_cents = 0; SET session_replication_role = origin"
        )
