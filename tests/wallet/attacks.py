"""Attacks on the money by SQL, as the application's own role: past all of our code.

In braces stand the ids of the world that tests/wallet/test_guard.py makes: Alice has $23.00, Bob $10.00, Carol no
wallet, and Alice an order of $1.00 in each state.
"""

import psycopg
from psycopg import errors

DENIED = errors.InsufficientPrivilege
REFUSED = errors.IntegrityConstraintViolation
ENTRY = (
    "INSERT INTO wallet_entry"
    " (wallet_id, kind, counter_account, amount_cents, balance_after, reference, reverses_id, reason, actor) VALUES "
)
ORDER = (
    "INSERT INTO orders_order (id, user_id, status, service_id, country_id, provider_id, charged_cents,"
    " refunded_cents, cost, catalogue_version, reread_upstream) VALUES "
)


def entry(
    kind: str,
    amount: int,
    after: int,
    reference: str,
    *,
    user: str = "alice",
    reverses: str = "",
    account: str = "",
    reason: str = "none",
) -> str:
    """reverses: the order, payment or pay-back whose entry it reverses."""
    account = account or ("sales" if kind in ("charge", "refund") else "adjustment")
    reversed_id = f"{{entry_of_{reverses}}}" if reverses else "NULL"
    values = f"'{{{user}}}', '{kind}', '{account}', {amount}, {after}, '{reference}', {reversed_id}, '{reason}', 'me'"
    return f"{ENTRY}({values});"


def balance(cents: int, user: str = "alice") -> str:
    return f"UPDATE wallet_wallet SET balance_cents = {cents} WHERE user_id = '{{{user}}}';"


def new_order(status: str = "WAITING", refunded: int = 0) -> str:
    return f"{ORDER}('new', '{{alice}}', '{status}', 'tg', 7, {{provider}}, 100, {refunded}, 0.3, 1, false);"


def change(order: str, what: str) -> str:
    return f"UPDATE orders_order SET {what} WHERE id = '{{{order}}}';"


CANCELLED = "status = 'CANCELLED', refunded_cents = 100"
NO_REASON = entry("adjustment", 1, 2301, "x", reason=" ") + balance(2301)
IMPOSTOR = "CREATE TEMP TABLE wallet_entry AS SELECT user_id AS wallet_id, 1 AS id, 9999 AS balance_after FROM"
# Statements of one transaction, the error's class, and part of what it says.
Attack = tuple[str, type[psycopg.Error], str]
ATTACKS: dict[str, Attack] = {
    # What is written
    "an amount is changed": ("UPDATE wallet_entry SET amount_cents = 1", DENIED, "table wallet_entry"),
    "a reference is changed": ("UPDATE wallet_entry SET reference = 'x'", DENIED, "table wallet_entry"),
    "an entry is deleted": ("DELETE FROM wallet_entry", DENIED, "table wallet_entry"),
    "a conflict updates": (
        entry("charge", -1, 1, "x").rstrip(";") + " ON CONFLICT (kind, reference) DO UPDATE SET amount_cents = 1",
        DENIED,
        "table wallet_entry",
    ),
    "a merge updates": (
        "MERGE INTO wallet_entry e USING wallet_wallet w ON e.wallet_id = w.user_id"
        " WHEN MATCHED THEN UPDATE SET amount_cents = 1",
        DENIED,
        "table wallet_entry",
    ),
    "a view updates": (
        "CREATE TEMP VIEW mine AS SELECT * FROM wallet_entry; UPDATE mine SET amount_cents = 1",
        DENIED,
        "table wallet_entry",
    ),
    "the ledger is emptied": ("TRUNCATE wallet_entry", DENIED, "table wallet_entry"),
    "the ledger is emptied through another table": ("TRUNCATE accounts_user CASCADE", DENIED, "table accounts_user"),
    "a wallet is deleted": ("DELETE FROM wallet_wallet", DENIED, "table wallet_wallet"),
    "a wallet changes hands": ("UPDATE wallet_wallet SET user_id = '{carol}'", DENIED, "table wallet_wallet"),
    "a debt is forgotten": ("DELETE FROM wallet_debt", DENIED, "table wallet_debt"),
    "a debt is made smaller": ("UPDATE wallet_debt SET amount_cents = 1", DENIED, "table wallet_debt"),
    "an order is deleted": ("DELETE FROM orders_order", DENIED, "table orders_order"),
    "an old id is taken": ("INSERT INTO wallet_entry (id, wallet_id) VALUES (0, '{alice}')", DENIED, "wallet_entry"),
    "an entry is backdated": (
        "INSERT INTO wallet_entry (wallet_id, created_at) VALUES ('{alice}', '2020-01-01')",
        DENIED,
        "table wallet_entry",
    ),
    "ids are turned back": ("SELECT setval('wallet_entry_id_seq', 1)", DENIED, "sequence wallet_entry_id_seq"),
    # The guard itself
    "the triggers are switched off": ("ALTER TABLE wallet_entry DISABLE TRIGGER ALL", DENIED, "must be owner"),
    "a trigger is dropped": ("DROP TRIGGER append_only ON wallet_entry", DENIED, "must be owner"),
    "a trigger is dropped in a block": (
        "DO $$ BEGIN EXECUTE 'DROP TRIGGER append_only ON wallet_entry'; END $$",
        DENIED,
        "must be owner",
    ),
    "a trigger of one's own": (
        "CREATE TRIGGER mine BEFORE INSERT ON wallet_entry EXECUTE FUNCTION wallet_entry_append_only()",
        DENIED,
        "table wallet_entry",
    ),
    "a rule of one's own": ("CREATE RULE mine AS ON INSERT TO wallet_entry DO INSTEAD NOTHING", DENIED, "be owner"),
    "a constraint is dropped": ("ALTER TABLE wallet_wallet DROP CONSTRAINT wallet_not_negative", DENIED, "be owner"),
    "the guard's function is replaced": (
        "CREATE OR REPLACE FUNCTION wallet_entry_append_only() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NEW; END'",
        DENIED,
        "schema public",
    ),
    "the guard's function looks elsewhere": (
        "ALTER FUNCTION wallet_holds_its_newest_balance() SET search_path = pg_temp",
        DENIED,
        "must be owner",
    ),
    "the guard's function is dropped": (
        "DROP FUNCTION wallet_entry_continues_the_last() CASCADE",
        DENIED,
        "must be owner",
    ),
    "the catalogue of triggers is edited": ("UPDATE pg_trigger SET tgenabled = 'D'", DENIED, "table pg_trigger"),
    "the ledger is dropped": ("DROP TABLE wallet_entry", DENIED, "must be owner"),
    "the schema is dropped": ("DROP SCHEMA public CASCADE", DENIED, "must be owner"),
    "the ledger gets a child": ("CREATE TEMP TABLE child () INHERITS (wallet_entry)", DENIED, "must be owner"),
    "the ledger is taken over": ("ALTER TABLE wallet_entry OWNER TO {role}", DENIED, "must be owner"),
    "migrations are forgotten": ("DELETE FROM django_migrations", DENIED, "table django_migrations"),
    # Who one is
    "replication skips triggers": ("SET session_replication_role = replica", DENIED, "session_replication_role"),
    "one becomes the owner": ("SET ROLE {owner}", DENIED, "set role"),
    "one logs in as the owner": ("SET SESSION AUTHORIZATION {owner}", DENIED, "set session authorization"),
    "one joins the owner": ("GRANT {owner} TO {role}", DENIED, "to grant role"),
    "one becomes a superuser": ("ALTER ROLE {role} SUPERUSER", DENIED, "to alter role"),
    "one grants oneself": (
        "GRANT ALL ON wallet_entry TO {role}; DELETE FROM wallet_entry",
        DENIED,
        "table wallet_entry",
    ),
    "the owner's things are dropped": ("DROP OWNED BY {owner}", DENIED, "to drop objects"),
    "the server runs a program": ("COPY wallet_entry (kind) FROM PROGRAM 'true'", DENIED, "external program"),
    # Wallet and entry
    "a balance moves alone": (balance(9900), REFUSED, "its balance is not that of its newest entry"),
    "an entry comes alone": (entry("adjustment", 500, 2800, "x"), REFUSED, "2300 is what follows"),
    "an entry adds up wrongly": (entry("adjustment", 500, 9900, "x") + balance(9900), REFUSED, "from 2300 to 9900"),
    "an entry forgets those before": (entry("adjustment", 500, 500, "x") + balance(500), REFUSED, "from 2300 to 500"),
    "an entry is in another's wallet": (
        entry("adjustment", 500, 2800, "x", user="bob") + balance(2800),
        REFUSED,
        "from 1000 to 2800",
    ),
    "an entry moves nothing": (entry("adjustment", 0, 2300, "x"), errors.CheckViolation, "entry_moves_something"),
    "a wallet goes below zero": (balance(-1), errors.CheckViolation, "wallet_not_negative"),
    "a wallet is opened rich": ("INSERT INTO wallet_wallet VALUES ('{carol}', 500)", REFUSED, "its newest entry"),
    "an old snapshot misses entries": (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;" + entry("adjustment", 1, 2301, "x") + balance(2301),
        REFUSED,
        "READ COMMITTED only",
    ),
    "the guard is shown another ledger": (f"{IMPOSTOR} wallet_wallet; {balance(9999)}", REFUSED, "its newest entry"),
    "money without a reason": (NO_REASON, errors.CheckViolation, "entry_adjustment_explained"),
    "sales by another kind": (
        entry("adjustment", 100, 2400, "x", account="sales") + balance(2400),
        errors.CheckViolation,
        "entry_sales_are_charges_and_refunds",
    ),
    "a kind that nobody knows": (
        entry("gift", 100, 2400, "x") + balance(2400),
        errors.CheckViolation,
        "entry_of_a_known_kind",
    ),
    # Debts
    "a debt out of nothing": (
        "INSERT INTO wallet_debt (wallet_id, reference, amount_cents, repaid_cents) VALUES ('{alice}', 'x', 500, 0)",
        REFUSED,
        "its payment",
    ),
    "a debt of another's payment": (
        "INSERT INTO wallet_debt (wallet_id, reference, amount_cents, repaid_cents)"
        " VALUES ('{alice}', '{another_of_frank}', 100, 0)",
        REFUSED,
        "its payment",
    ),
    "a debt larger than its payment": (
        "INSERT INTO wallet_debt (wallet_id, reference, amount_cents, repaid_cents)"
        " VALUES ('{frank}', '{another_of_frank}', 301, 0)",
        REFUSED,
        "its payment",
    ),
    "a debt is forgiven": ("UPDATE wallet_debt SET repaid_cents = amount_cents", REFUSED, "what is repaid"),
    "a repayment of no debt": (
        entry("repayment", -100, 2200, "x", account="debts") + balance(2200),
        REFUSED,
        "what is repaid",
    ),
    "a repayment of another's debt": (
        entry("repayment", -100, 2200, "debt:{debt}:1", account="debts")
        + balance(2200)
        + "UPDATE wallet_debt SET repaid_cents = 400;",
        REFUSED,
        "what is repaid",
    ),
    "a chargeback that gives": (
        entry("chargeback", 100, 2400, "x") + balance(2400),
        errors.CheckViolation,
        "entry_takes",
    ),
    # Order and charge
    "an order without a charge": (new_order(), REFUSED, "order:new"),
    "an order whose charge is rolled back": (
        f"{new_order()} SAVEPOINT s; {entry('charge', -100, 2200, 'order:new')} {balance(2200)} ROLLBACK TO s",
        REFUSED,
        "order:new",
    ),
    "an order that is charged less": (
        new_order() + entry("charge", -1, 2299, "order:new") + balance(2299),
        REFUSED,
        "order:new",
    ),
    "an order that another pays": (
        new_order() + entry("charge", -100, 900, "order:new", user="bob") + balance(900, "bob"),
        REFUSED,
        "order:new",
    ),
    "an order that begins failed": (
        new_order("FAILED", 100) + entry("charge", -100, 2200, "order:new") + balance(2200),
        REFUSED,
        "order:new",
    ),
    "a charge without an order": (entry("charge", -100, 2200, "order:x") + balance(2200), REFUSED, "order:x"),
    "a charge for something else": (entry("charge", -100, 2200, "x") + balance(2200), REFUSED, "does not agree"),
    "a second charge": (
        entry("charge", -100, 2200, "order:{waiting}") + balance(2200),
        errors.UniqueViolation,
        "entry_cause_once",
    ),
    # Order and refund
    "a refund of an open order": (
        entry("refund", 100, 2400, "order:{waiting}", reverses="waiting") + balance(2400),
        REFUSED,
        "does not agree",
    ),
    "a refund of a completed order": (
        entry("refund", 100, 2400, "order:{completed}", reverses="completed") + balance(2400),
        REFUSED,
        "does not agree",
    ),
    "a second refund": (
        entry("refund", 100, 2400, "order:{failed}", reverses="waiting") + balance(2400),
        errors.UniqueViolation,
        "entry_cause_once",
    ),
    "a second refund by another name": (
        entry("refund", 100, 2400, "x", reverses="failed") + balance(2400),
        errors.UniqueViolation,
        "reverses_id",
    ),
    "a refund without a charge": (
        entry("refund", 100, 2400, "order:{waiting}") + balance(2400),
        errors.CheckViolation,
        "entry_refund_reverses",
    ),
    "a refund of another's charge": (
        entry("refund", 100, 1100, "order:{waiting}", user="bob", reverses="waiting") + balance(1100, "bob"),
        REFUSED,
        "another wallet",
    ),
    "a refund of more than the charge": (
        change("waiting", CANCELLED)
        + entry("refund", 101, 2401, "order:{waiting}", reverses="waiting")
        + balance(2401),
        REFUSED,
        "more than was moved",
    ),
    "a refund of half the charge": (
        change("waiting", CANCELLED) + entry("refund", 50, 2350, "order:{waiting}", reverses="waiting") + balance(2350),
        REFUSED,
        "does not agree",
    ),
    "a refund that reverses another order's charge": (
        change("waiting", CANCELLED)
        + entry("refund", 100, 2400, "order:{waiting}", reverses="received")
        + balance(2400),
        REFUSED,
        "does not agree",
    ),
    "a charge reversed by another kind": (
        entry("gift", 100, 2400, "x", reverses="waiting") + balance(2400),
        REFUSED,
        "another wallet or kind",
    ),
    "a cancel without a refund": (change("waiting", CANCELLED), REFUSED, "does not agree"),
    "a cancel that says nothing of a refund": (
        change("waiting", "status = 'CANCELLED'"),
        errors.CheckViolation,
        "order_refunded_iff_failed_or_cancelled",
    ),
    # What was sold
    "a failed order is opened again": (
        change("failed", "status = 'WAITING', refunded_cents = 0"),
        REFUSED,
        "no such move",
    ),
    "a completed order is cancelled": (
        change("completed", CANCELLED)
        + entry("refund", 100, 2400, "order:{completed}", reverses="completed")
        + balance(2400),
        REFUSED,
        "no such move",
    ),
    "an order with its code is cancelled": (
        change("received", CANCELLED)
        + entry("refund", 100, 2400, "order:{received}", reverses="received")
        + balance(2400),
        REFUSED,
        "no such move",
    ),
    "a price is changed": (change("waiting", "charged_cents = 1"), REFUSED, "never change"),
    "an order changes hands": (change("waiting", "user_id = '{bob}'"), REFUSED, "never change"),
    "an order is renamed": (change("waiting", "id = 'x'"), REFUSED, "never change"),
    "an order is backdated": (change("waiting", "created_at = '2020-01-01'"), REFUSED, "never change"),
    "a number is swapped": (change("completed", "activation_id = '2'"), REFUSED, "never change"),
    "a number is taken off": (change("completed", "activation_id = NULL"), REFUSED, "never change"),
}
