"""A backup of the whole database in one file, and its way back into an empty database.

pg_dump and pg_restore do the work; a password reaches them by their environment, never by their arguments.
Valkey is left out: it holds caches, counters of limits and messages that the next tick sends again.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import Error as DriverError
from django.db import connection, transaction

from jiema.backups import archives
from jiema.backups.tools import BackupError, Tools, find_tools, one_line
from orders.services.stopping import stop_sales

__all__ = ["BY_THE_CLOCK", "BackupError", "Contents", "backup", "restore"]

REASON = (
    "Restored from the backup of {}: numbers bought after it are at the providers and look like strays;"
    " see docs/runbook.md"
)
# Rules about time alone: it went on while the backup lay there. The worker settles what breaks them.
BY_THE_CLOCK = frozenset(
    {
        "no purchase stays unsettled without an alarm",
        "no open order outlives its time",
        "what is not wanted is given back",
    }
)
ALL_OR_NOTHING = (
    *("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password"),
    "--dbname=",  # connect, to the database that the environment names
)


@dataclass(frozen=True, slots=True)
class Contents:
    """seconds: how long the work took. taken: when the backup was made, as its file says it."""

    orders: int
    entries: int
    seconds: float
    taken: str


def backup(file: Path) -> Contents:
    """Write the database as it is at one moment to a new file, which only its owner may read."""
    began = time.monotonic()
    with _plain_errors():
        tools = find_tools(_server_major())
        with _unfinished(file) as partial:
            orders, entries = _dump(tools, partial)
            listing = archives.check_and_seal(tools, partial)
            partial.rename(file)
            _sync_folder(file.parent)
    return Contents(orders, entries, time.monotonic() - began, archives.time_of(listing))


def restore(file: Path) -> Contents:
    """Load a backup into the empty database of the settings, all or nothing, and stop all sales.

    The rights of database roles are not restored: the roles may be other ones here.
    """
    began = time.monotonic()
    with _plain_errors():
        tools = find_tools(_server_major())
        _require_empty()
        listing = archives.check(tools, file)
        if not re.search(r" TABLE DATA \S+ wallet_entry ", listing):
            raise BackupError(f"{file} is a backup of another program's database: it has no ledger.")
        connection.close()  # nothing is asked of it while the backup loads
        tools.run("pg_restore", *ALL_OR_NOTHING, file.absolute())
    taken = archives.time_of(listing)
    _stop_sales(taken)
    _analyze()
    return Contents(*_counts(), time.monotonic() - began, taken)


@contextmanager
def _unfinished(file: Path) -> Iterator[Path]:
    """A private new file beside `file` to write to, gone afterwards unless it was renamed."""
    partial = file.with_name(f"{file.name}.partial")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise BackupError(f"{partial} exists: another backup runs, or one was killed; then remove it.") from None
    try:
        if file.exists():
            raise BackupError(f"{file} exists; a backup never overwrites a file.")
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _dump(tools: Tools, file: Path) -> tuple[int, int]:
    """Orders and ledger entries of the very snapshot that is saved."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = f"--snapshot={cursor.fetchone()[0]}"
        target = f"--file={file.absolute()}"
        tools.run("pg_dump", "--format=custom", "--no-password", "--lock-wait-timeout=30s", snapshot, target)
        return _counts()


def _sync_folder(folder: Path) -> None:
    """So that the new name outlives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _require_empty() -> None:
    with connection.cursor() as cursor:
        tables = len(connection.introspection.table_names(cursor))
    if tables:
        raise BackupError(
            f"The database {connection.settings_dict['NAME']} is not empty: it has {tables} tables."
            " A backup is restored into a new database only."
        )


def _stop_sales(taken: str) -> None:
    try:
        stop_sales(REASON.format(taken))
    except DriverError as error:
        raise BackupError(
            f"The backup of {taken} is restored, but sales could not be stopped: {one_line(str(error))}"
            " Start no web server before `manage.py migrate` has run and sales are stopped."
        ) from error


@transaction.atomic
def _analyze() -> None:
    """The planner knows nothing of new tables."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("ANALYZE")


def _counts() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM orders_order), (SELECT count(*) FROM wallet_entry)")
        orders, entries = cursor.fetchone()
    return orders, entries


def _server_major() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except DriverError as error:
        raise BackupError(f"The database: {one_line(str(error))}") from error
    except OSError as error:
        raise BackupError(f"{error.filename or 'The file'}: {error.strerror}.") from error
