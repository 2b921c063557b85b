from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError, connection

# Django's None forbids what `prepare` asks for; this many runs prepare nothing else.
ON_DEMAND = 2**31


def read_prepared(sql: str, params: Sequence[Any]) -> tuple[Any, ...] | None:
    """First row of one prepared, read-only statement ($1 placeholders), past Django's cursor.

    Costs one round trip: no health check goes before it. A connection that died since its last use is
    replaced and the statement repeated once, which is safe as it only reads.
    """
    try:
        return _read(sql, params)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
            raise
        connection.close()
        return _read(sql, params)


def _read(sql: str, params: Sequence[Any]) -> tuple[Any, ...] | None:
    connection.ensure_connection()
    connection.connection.prepare_threshold = ON_DEMAND
    with connection.wrap_database_errors, psycopg.RawCursor(connection.connection) as cursor:
        return cursor.execute(sql, params, prepare=True).fetchone()
