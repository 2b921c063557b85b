from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from jiema import roles

GRANTED = """
SELECT table_name, string_agg(privilege_type, ' ' ORDER BY privilege_type)
FROM information_schema.table_privileges WHERE grantee = 'till' GROUP BY 1
"""
GRANTED_COLUMNS = """
SELECT privilege_type, count(*) FROM information_schema.column_privileges
WHERE grantee = 'till' AND table_name = %s GROUP BY 1
"""


def sql(statement: str, *values: object) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def till(db: None) -> Iterator[str]:
    """A role for the application. It and all that the test does are undone before the books are looked at."""
    before = transaction.savepoint()
    sql("CREATE ROLE till LOGIN; CREATE ROLE boss")
    yield "till"
    transaction.savepoint_rollback(before)


def test_it_grants_work_on_tables_and_less_on_money(till: str) -> None:
    assert roles.grant_application(till) == len(connection.introspection.table_names())
    granted = dict(sql(GRANTED))
    assert granted["accounts_user"] == granted["orders_idempotentcall"] == "DELETE INSERT SELECT UPDATE"
    assert granted["orders_order"] == granted["orders_sms"] == granted["topups_topup"] == "INSERT SELECT UPDATE"
    assert granted["wallet_wallet"] == "INSERT SELECT"
    assert granted["wallet_entry"] == granted["django_migrations"] == "SELECT"


def test_it_grants_single_columns_of_the_money(till: str) -> None:
    roles.grant_application(till)
    assert dict(sql(GRANTED_COLUMNS, "wallet_entry")) == {"INSERT": 9, "SELECT": 11}
    assert dict(sql(GRANTED_COLUMNS, "wallet_wallet")) == {"INSERT": 2, "SELECT": 2, "UPDATE": 1}
    assert dict(sql(GRANTED_COLUMNS, "topups_payout")) == {"INSERT": 12, "SELECT": 12, "UPDATE": 5}
    assert dict(sql(GRANTED_COLUMNS, "topups_review")) == {"INSERT": 10, "SELECT": 10, "UPDATE": 3}


def test_every_named_table_exists() -> None:
    """A table that is renamed may not lose its limits."""
    tables = {model._meta.db_table for model in apps.get_models()} | {MigrationRecorder.Migration._meta.db_table}
    assert roles.RIGHTS.keys() <= tables


def test_again_it_takes_what_somebody_else_gave(till: str) -> None:
    roles.grant_application(till)
    before = sql(GRANTED + "ORDER BY 1")
    sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO till; GRANT UPDATE ON wallet_entry TO PUBLIC")
    sql("GRANT CREATE ON SCHEMA public TO PUBLIC")
    roles.grant_application(till)
    assert sql(GRANTED + "ORDER BY 1") == before


def test_tables_of_a_later_migration_can_be_worked_on(till: str) -> None:
    roles.grant_application(till)
    sql("CREATE TABLE later ()")
    assert dict(sql(GRANTED))["later"] == "DELETE INSERT SELECT UPDATE"


@pytest.mark.parametrize(
    ("powers", "refusal"),
    [
        ("ALTER ROLE till SUPERUSER", "till is a superuser:"),
        ("ALTER ROLE till CREATEROLE", "till may make roles:"),
        ("GRANT boss TO till; ALTER ROLE boss SUPERUSER", "till can become boss, which is a superuser:"),
        ("GRANT boss TO till; GRANT DELETE ON wallet_entry TO boss", "which may DELETE on wallet_entry:"),
        ("GRANT boss TO till; GRANT UPDATE ON SEQUENCE wallet_entry_id_seq TO boss", "UPDATE on wallet_entry_id_seq:"),
        ("GRANT boss TO till; GRANT CREATE ON SCHEMA public TO boss", "may make tables in the schema public:"),
        ("GRANT pg_write_all_data TO till", "till can become pg_write_all_data, which may INSERT on"),
        ("GRANT pg_execute_server_program TO till", "may write files of the server:"),
        ("GRANT CREATE ON DATABASE {database} TO till", "till may make schemas:"),
        ("ALTER DATABASE {database} OWNER TO till", "till owns the database:"),
        ("GRANT {owner} TO till", "till can become {owner}, which is a superuser:"),
    ],
)
def test_a_role_with_another_road_to_the_money_is_refused(till: str, powers: str, refusal: str) -> None:
    place = connection.settings_dict
    sql(powers.format(database=place["NAME"], owner=place["USER"]))
    with pytest.raises(CommandError, match=refusal.format(owner=place["USER"])):
        call_command("grant_application", till)
    assert sql(GRANTED) == []


def test_a_role_that_is_not_there_is_not_made(db: None) -> None:
    with pytest.raises(CommandError, match="There is no role nobody: make it first"):
        call_command("grant_application", "nobody")


def test_before_the_first_migrate_there_is_nothing_to_grant(till: str) -> None:
    sql("ALTER TABLE wallet_entry RENAME TO elsewhere")
    with pytest.raises(CommandError, match="run migrate first"):
        call_command("grant_application", till)


def test_only_the_owner_grants(till: str) -> None:
    sql("SET LOCAL ROLE boss")
    with pytest.raises(CommandError, match=f"The tables belong to {connection.settings_dict['USER']}: run this with"):
        call_command("grant_application", till)


@pytest.fixture
def plain_owner(till: str) -> None:
    """We are boss, who owns the tables and is no superuser, in a database of another's."""
    tables = sql("SELECT format('ALTER TABLE %I OWNER TO boss', tablename) FROM pg_tables WHERE schemaname = 'public'")
    sql("GRANT USAGE, CREATE ON SCHEMA public TO boss; SET CONSTRAINTS ALL IMMEDIATE")
    for (alter,) in tables:
        sql(alter)
    sql("SET LOCAL ROLE boss")


def test_an_owner_needs_no_more_than_the_tables(till: str, plain_owner: None) -> None:
    roles.grant_application(till)
    assert dict(sql(GRANTED))["wallet_wallet"] == "INSERT SELECT"


def test_without_temporary_tables_the_catalogue_could_not_be_read(till: str, plain_owner: None) -> None:
    sql("RESET ROLE")
    sql(f"REVOKE TEMPORARY ON DATABASE {connection.settings_dict['NAME']} FROM PUBLIC; SET LOCAL ROLE boss")
    with pytest.raises(CommandError, match="till can't make temporary tables"):
        call_command("grant_application", till)
