"""What the application's own database role may do: its work, and to the ledger nothing but add to it.

The tables belong to another role, the owner, who migrates. So whoever takes over the application can neither switch
off the guard of the money nor touch an entry.
"""

from typing import Any

from django.db import connection, transaction
from psycopg.sql import SQL, Composable, Identifier

from accounts.wallet.models import Entry

SET_BY_THE_DATABASE = ("id", "created_at")
ENTRY_COLUMNS = [field.attname for field in Entry._meta.concrete_fields if field.attname not in SET_BY_THE_DATABASE]
WORK = ("SELECT", "INSERT", "UPDATE", "DELETE")
KEEP = ("SELECT", "INSERT", "UPDATE")
# Every table that is not named here is for WORK.
RIGHTS: dict[str, tuple[str, ...]] = {
    "django_migrations": ("SELECT",),
    "wallet_entry": ("SELECT", f"INSERT ({', '.join(ENTRY_COLUMNS)})"),
    "wallet_wallet": ("SELECT", "INSERT", "UPDATE (balance_cents)"),
    "wallet_debt": ("SELECT", "INSERT", "UPDATE (repaid_cents)"),
    "topups_topup": KEEP,
    "topups_payout": ("SELECT", "INSERT", "UPDATE (state, by_hand, gateway_ref, why, settled_at)"),
    "topups_review": ("SELECT", "INSERT", "UPDATE (settled_at, settled_by, note)"),
    "topups_chainaddress": ("SELECT", "INSERT"),
    "referrals_invitation": ("SELECT", "INSERT", "UPDATE (ended_at, ended_by, end_note)"),
    "referrals_earning": ("SELECT", "INSERT", "UPDATE (reversed_at, reversed_cents)"),
    "referrals_referralterms": KEEP,
    "vouchers_voucherbatch": ("SELECT", "INSERT", "UPDATE (stopped_at, stopped_by, stop_reason)"),
    "vouchers_voucher": (
        *("SELECT", "INSERT"),
        "UPDATE (redeemed_by_id, redeemed_at, void_at, voided_by, void_reason)",
    ),
    "orders_order": KEEP,
    "orders_upstreamattempt": KEEP,
    "orders_sms": KEEP,
    "orders_strayactivation": KEEP,
    "orders_upstreamloss": KEEP,
    "orders_salesstop": KEEP,
}
RISKY = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

_OWNER = """
SELECT tableowner, pg_has_role(tableowner, 'USAGE') FROM pg_tables
WHERE schemaname = 'public' AND tablename = 'wallet_entry'
"""
_OWNED = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relowner = %(owner)s::regrole AND relkind = %(kind)s ORDER BY 1
"""
# Of the role itself and of all that it can become. The most telling is first: its own attributes, but for rights
# the role that they come from.
_POWERS = """
SELECT holder, power FROM (
    SELECT r.rolname, held.power, held.position
    FROM pg_roles r CROSS JOIN LATERAL (VALUES
        (1, r.rolsuper, 'is a superuser'),
        (2, r.rolcreaterole, 'may make roles'),
        (3, r.rolname IN ('pg_execute_server_program', 'pg_write_server_files'), 'may write files of the server'),
        (4, r.oid = (SELECT datdba FROM pg_database WHERE datname = current_database()), 'owns the database'),
        (5, r.oid = %(owner)s::regrole, 'owns the tables'),
        (6, has_database_privilege(r.oid, current_database(), 'CREATE'), 'may make schemas'),
        (7, has_schema_privilege(r.oid, 'public', 'CREATE'), 'may make tables in the schema public')
    ) AS held (position, is_true, power)
    WHERE held.is_true AND pg_has_role(%(role)s, r.oid, 'MEMBER')
  UNION ALL
    SELECT r.rolname, format('may %%s on %%I', excess.privilege, excess.relation), 8
    FROM pg_roles r, unnest(%(relations)s::text[], %(privileges)s::text[]) AS excess (relation, privilege)
    WHERE pg_has_role(%(role)s, r.oid, 'MEMBER')
      AND has_table_privilege(r.oid, format('public.%%I', excess.relation), excess.privilege)
) AS found (holder, power, position)
ORDER BY position, (holder = %(role)s) = (position > 5) LIMIT 1
"""


class NotPossible(Exception):
    """Why the role can't be the application's, as a sentence."""


@transaction.atomic
def grant_application(role: str) -> int:
    """Give the role what the application needs, and take the rest from it; how many tables it may work on.

    Raises NotPossible; then nothing has changed.
    """
    owner = _owner()
    if not _rows("SELECT FROM pg_roles WHERE rolname = %(role)s", role=role):
        raise NotPossible(f"There is no role {role}: make it first, as by CREATE ROLE \"{role}\" LOGIN PASSWORD '…'.")
    tables, sequences = _owned(owner, "r"), _owned(owner, "S")
    _grant_surroundings(role, owner)
    # Ids come from identity columns, which ask for no right to their sequences.
    for relation in tables + sequences:
        _run("REVOKE ALL ON {} FROM PUBLIC, {}", relation, role)
    for table in tables:
        _run(f"GRANT {', '.join(_rights(table))} ON {{}} TO {{}}", table, role)
    _check(role, owner, tables, sequences)
    return len(tables)


def _owner() -> str:
    found = _rows(_OWNER)
    if not found:
        raise NotPossible("There is no ledger in this database yet: run migrate first.")
    owner, is_ours = found[0]
    if not is_ours:
        raise NotPossible(f"The tables belong to {owner}: run this with a DATABASE_URL that names that role.")
    return str(owner)


def _owned(owner: str, kind: str) -> list[str]:
    return [name for (name,) in _rows(_OWNED, owner=connection.ops.quote_name(owner), kind=kind)]


def _grant_surroundings(role: str, owner: str) -> None:
    """The catalogue's sync works on temporary tables. Tables of a later migration are usable before the next grant."""
    _run("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}", connection.settings_dict["NAME"], role)
    _run("REVOKE CREATE ON SCHEMA public FROM PUBLIC, {}", role)
    _run("GRANT USAGE ON SCHEMA public TO {}", role)
    work = ", ".join(WORK)
    _run(f"ALTER DEFAULT PRIVILEGES FOR ROLE {{}} IN SCHEMA public GRANT {work} ON TABLES TO {{}}", owner, role)


def _rights(table: str) -> tuple[str, ...]:
    return RIGHTS.get(table, WORK)


def _check(role: str, owner: str, tables: list[str], sequences: list[str]) -> None:
    """No other road leads to more: ownership, an attribute, membership in another role."""
    excess = [(table, right) for table in tables for right in RISKY if right not in _rights(table)]
    excess += [(sequence, "UPDATE") for sequence in sequences]
    powers = _rows(
        _POWERS,
        role=role,
        owner=connection.ops.quote_name(owner),
        relations=[relation for relation, _ in excess],
        privileges=[right for _, right in excess],
    )
    for holder, power in powers:
        through = "" if holder == role else f" can become {holder}, which"
        raise NotPossible(f"{role}{through} {power}: the application's own role has to do without.")
    if not _rows("SELECT WHERE has_database_privilege(%(role)s, current_database(), 'TEMPORARY')", role=role):
        raise NotPossible(f"{role} can't make temporary tables: the database's owner has to grant it TEMPORARY.")


def _rows(query: str, **values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def _run(statement: str, *names: str) -> None:
    composed: Composable = SQL(statement).format(*map(Identifier, names))
    with connection.cursor() as cursor:
        cursor.execute(composed)
