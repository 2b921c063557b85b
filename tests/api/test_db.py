"""The prepared read of the hot path."""

import pytest
from django.db import OperationalError, connection, connections, transaction

from jiema.api.db import read_prepared


def end_connection() -> None:
    """As a restart of PostgreSQL would: our side has not noticed yet."""
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    killer = connections.create_connection("default")
    try:
        with killer.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    finally:
        killer.close()


@pytest.mark.django_db(transaction=True)
def test_texts_and_bytes_come_back_as_text() -> None:
    row = read_prepared("SELECT $1::text, encode($2::bytea, 'hex'), NULL, 1 > 0, 7", ("é🎉", b"\x00\xff"))
    assert row == ("é🎉", "00ff", None, "t", "7")


@pytest.mark.django_db(transaction=True)
def test_no_row_is_none() -> None:
    assert read_prepared("SELECT 1 WHERE $1 = 'x'", ("y",)) is None


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_is_replaced() -> None:
    assert read_prepared("SELECT $1 || 'b'", ("a",)) == ("ab",)
    end_connection()
    assert read_prepared("SELECT $1 || 'b'", ("a",)) == ("ab",)


@pytest.mark.django_db(transaction=True)
def test_in_a_transaction_a_dead_connection_is_an_error() -> None:
    end_connection()
    read = transaction.atomic(read_prepared)
    with pytest.raises(OperationalError):
        read("SELECT $1 || 'b'", ("a",))


@pytest.mark.django_db(transaction=True)
def test_a_mistake_in_the_statement_is_told_once() -> None:
    with pytest.raises(Exception, match="does not exist") as caught:
        read_prepared("SELECT nothing", ())
    assert type(caught.value).__module__ == "django.db.utils"


@pytest.mark.django_db(transaction=True)
def test_a_table_that_changed_its_shape_is_read_anew() -> None:
    """As a migration beside a running process does."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE shape (value integer); INSERT INTO shape VALUES (7)")
    try:
        assert read_prepared("SELECT value FROM shape WHERE $1 = 'a'", ("a",)) == ("7",)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE shape ALTER value TYPE text")
        assert read_prepared("SELECT value FROM shape WHERE $1 = 'a'", ("a",)) == ("7",)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE shape")
