import itertools
import threading
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, InterfaceError, NotSupportedError, OperationalError, connections
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult


def read_prepared(sql: str, params: Sequence[str | bytes]) -> tuple[Any, ...] | None:
    """First row of one prepared, read-only statement ($1 placeholders), each column as text or None.

    Costs one round trip: no health check goes before it, and neither Django's nor psycopg's cursor is in
    between. A connection that died since its last use, or that remembers a table's former shape, is
    replaced and the statement repeated once, which is safe as it only reads.
    """
    try:
        return _read(sql, params)
    except (OperationalError, InterfaceError, NotSupportedError):
        connection = connections[DEFAULT_DB_ALIAS]
        if connection.in_atomic_block:
            raise
        connection.close()
        return _read(sql, params)


_numbers = itertools.count()


class _Statements(threading.local):
    """What this thread has prepared, and on which connection."""

    pgconn: PGconn | None = None
    names: dict[str, bytes]

    def name_of(self, sql: str, pgconn: PGconn) -> bytes:
        if self.pgconn is not pgconn:
            self.pgconn, self.names = pgconn, {}
        if sql not in self.names:
            name = f"jiema_{next(_numbers)}".encode()  # never used before, should a connection come back to us
            _check(pgconn.prepare(name, sql.encode()), pgconn)
            self.names[sql] = name
        return self.names[sql]


_statements = _Statements()


def _read(sql: str, params: Sequence[str | bytes]) -> tuple[Any, ...] | None:
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    with connection.wrap_database_errors:
        pgconn = connection.connection.pgconn
        values = [value.encode() if isinstance(value, str) else value for value in params]
        # In PostgreSQL's binary format text is its UTF-8, and bytea its bytes.
        result = pgconn.exec_prepared(_statements.name_of(sql, pgconn), values, [1] * len(values))
        _check(result, pgconn)
    return _first_row(result)


def _check(result: PGresult, pgconn: PGconn) -> None:
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return
    if pgconn.status == ConnStatus.BAD:
        raise psycopg.OperationalError(result.get_error_message())
    raise error_from_result(result)


def _first_row(result: PGresult) -> tuple[Any, ...] | None:
    if not result.ntuples:
        return None
    row = [result.get_value(0, column) for column in range(result.nfields)]
    return tuple([None if value is None else value.decode() for value in row])
