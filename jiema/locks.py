"""Locks of the database's for work that one process does at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def only_one(work: int, of: int) -> Iterator[bool]:
    """Whether nobody else is at this work; nobody waits. work: a number for its kind. of: the row that it is about.

    Held by the connection, not by a transaction, so that it may take long; gone with the connection.
    """
    key = [work, of]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
