"""What can be seen of the shop: wallets, prices, the customers' lists of orders, and what the books find."""

import json
from typing import Any

from django.db import connection

from jiema import books
from orders.selectors import order_page
from tests.model.state import Seen

SOON = {
    "no purchase stays unsettled without an alarm",
    "no open order outlives its time",
    "what is not wanted is given back",
}
"""Holds only where the clock's tasks run in time; at the end of an example they do."""
KNOWN = {"our balance at each provider fell by no more than our purchases"}
_SEEN = """
SELECT (SELECT json_object_agg(user_id, balance_cents) FROM wallet_wallet),
       (SELECT json_object_agg(wallet_id, owed)
        FROM (SELECT wallet_id, sum(amount_cents - repaid_cents) AS owed FROM wallet_debt GROUP BY 1) d),
       (SELECT json_object_agg(service_id, price_cents) FROM catalog_price),
       (SELECT json_object_agg(id, activation_id ORDER BY id) FROM orders_order),
       (SELECT paused_at IS NOT NULL FROM catalog_provider WHERE id = %s)
"""


def look(users: list[str], provider_id: int) -> Seen:
    """In the form of the oracle's own books."""
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [provider_id])
        balances, debts, prices, numbers, is_paused = cursor.fetchone()
    return {
        "balances": [balances[user] for user in users],
        "debts": [(debts or {}).get(user, 0) for user in users],
        "prices": {(service, 7): cents for service, cents in (prices or {}).items()},
        "is_paused": is_paused,
        "orders": _orders(users, numbers or {}),
    }


def _orders(users: list[str], numbers: dict[str, str | None]) -> dict[str, tuple[Any, ...]]:
    """As the customers' lists show them, with customer and the provider's id before."""
    shown = {}
    for user, user_id in enumerate(users):
        for row in map(json.loads, order_page(user_id, None, 100, None)[0]):
            number = numbers.pop(row["id"])
            assert (row["phone"] is None) == (number is None)
            shown[row["id"]] = (user, number, *as_shown(row))
    assert numbers == {}
    return shown


def as_shown(row: dict[str, Any]) -> tuple[Any, ...]:
    """Status, charge, refund, SMS, all SMS; of the API's order object."""
    money = int(row["chargedCents"]), int(row["refundedCents"])
    return (row["status"], *money, row["smsBody"], tuple(each["body"] for each in row["smsHistory"]))


def breaches() -> list[tuple[str, ...]]:
    """What the books' checks find, all of them in one statement that is planned once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_prepared_statements WHERE name = 'model_books')")
        if not cursor.fetchone()[0]:
            rules = {f"rule{number}": check.rule for number, check in enumerate(books.CHECKS)}
            checks = [
                f"SELECT %({name})s, * FROM ({check.sql}) c(subject, detail)"
                for name, check in zip(rules, books.CHECKS, strict=True)
            ]
            cursor.execute("PREPARE model_books AS " + " UNION ALL ".join(checks), {"since": "-infinity", **rules})
        cursor.execute("EXECUTE model_books")
        return [row for row in cursor.fetchall() if row[0] not in SOON | KNOWN]
