"""Do the books add up? Each check is one query that finds what breaks a rule about money."""

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class Breach:
    """check: the rule's name. subject: the wallet, order or attempt that breaks it. detail: by how much."""

    check: str
    subject: str
    detail: str


# Every query yields (subject, detail) for each breach, and no row where all is well.
CHECKS: dict[str, str] = {
    "entries sum to the wallet's balance": """
        SELECT w.user_id, format('balance %s, entries %s', w.balance_cents, coalesce(e.total, 0))
        FROM wallet_wallet w
        LEFT JOIN (SELECT wallet_id, sum(amount_cents) AS total FROM wallet_entry GROUP BY 1) e
            ON e.wallet_id = w.user_id
        WHERE w.balance_cents <> coalesce(e.total, 0)
    """,
    "no wallet is negative": """
        SELECT user_id, format('balance %s', balance_cents) FROM wallet_wallet WHERE balance_cents < 0
    """,
    "each order has one charge of its price": """
        SELECT o.id, format('price %s, charge %s', o.charged_cents, coalesce(-e.amount_cents, 0))
        FROM orders_order o
        LEFT JOIN wallet_entry e ON e.kind = 'charge' AND e.reference = 'order:' || o.id
        WHERE e.id IS NULL OR e.amount_cents <> -o.charged_cents OR e.wallet_id <> o.user_id
    """,
    "a refund where the order failed or was cancelled, and nowhere else": """
        SELECT o.id, format('%s, refunded %s, refund entry %s', o.status, o.refunded_cents, coalesce(e.amount_cents, 0))
        FROM orders_order o
        LEFT JOIN wallet_entry e ON e.kind = 'refund' AND e.reference = 'order:' || o.id
        WHERE coalesce(e.amount_cents, 0) <> o.refunded_cents
           OR (o.status IN ('FAILED', 'CANCELLED')) <> (e.id IS NOT NULL)
    """,
    "every charge and refund has its order": """
        SELECT e.reference, format('%s of %s', e.kind, e.amount_cents)
        FROM wallet_entry e
        WHERE e.kind IN ('charge', 'refund')
          AND NOT EXISTS (SELECT FROM orders_order o WHERE 'order:' || o.id = e.reference)
    """,
    "each credited top-up has one entry": """
        SELECT t.id, format('%s, %s cents, entry %s', t.state, t.amount_cents, coalesce(e.amount_cents, 0))
        FROM topups_topup t
        LEFT JOIN wallet_entry e ON e.kind = 'top_up' AND e.reference = 'topup:' || t.id
        WHERE (t.state = 'credited') <> (e.id IS NOT NULL) OR e.amount_cents <> t.amount_cents
    """,
    "a bought number belongs to its order, a reserved order to an unsettled attempt": """
        SELECT o.id, format('%s, attempt %s, activation %s', o.status, coalesce(a.outcome, 'none'), o.activation_id)
        FROM orders_order o LEFT JOIN orders_upstreamattempt a ON a.order_id = o.id
        WHERE a.id IS NULL
           OR (a.outcome = 'bought') <> (o.activation_id IS NOT NULL)
           OR (o.status = 'WAITING' AND a.outcome IN ('rejected', 'abandoned'))
    """,
    "no purchase stays unsettled": """
        SELECT order_id, format('%s since %s', outcome, sent_at)
        FROM orders_upstreamattempt
        WHERE outcome IN ('in_flight', 'unknown') AND sent_at < now() - interval '5 minutes'
    """,
    "no open order outlives its time": """
        SELECT id, format('expired %s', expires_at)
        FROM orders_order WHERE status IN ('WAITING', 'RECEIVED') AND expires_at < now() - interval '10 minutes'
    """,
}


def breaches() -> list[Breach]:
    """All breaches; a check sees the database as it is when it starts."""
    found = []
    with connection.cursor() as cursor:
        for check, sql in CHECKS.items():
            cursor.execute(sql)
            found += [Breach(check, *row) for row in cursor.fetchall()]
    return found
