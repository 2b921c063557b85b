"""What a shop holds in the end, read from its API, its database and its provider; and when that is at rest."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.rows import dict_row

from catalog.upstream.adapter import SmsActivate
from catalog.upstream.types import HistoryRow
from tests.torture.client import LOST, Line
from tests.torture.shop import Running

Row = dict[str, Any]
_UNSETTLED = """
    SELECT format('order %s: %s, purchase %s since %s', o.id, o.status, a.outcome, a.sent_at)
    FROM orders_order o JOIN orders_upstreamattempt a ON a.order_id = o.id
    WHERE (o.status = 'WAITING' AND o.activation_id IS NULL) OR a.outcome IN ('in_flight', 'unknown')
"""
_OWNERS = (
    "SELECT id, activation_id, phone, status, cancel_upstream_at FROM orders_order WHERE activation_id IS NOT NULL"
)


def breaches(shop: Running) -> list[str]:
    printed = shop.run("manage.py", "check_books", "--json", may_fail=True)
    told = json.loads(printed.strip().splitlines()[-1])
    return [f"{each['check']}: {each['subject']}: {each['detail']}" for each in told["breaches"]]


def unsettled(shop: Running) -> list[str]:
    """Purchases whose outcome is not known yet; without any, what `check_books` finds."""
    with shop.connect() as db:
        held = [told for (told,) in db.execute(_UNSETTLED)]
    return held or breaches(shop)


def wait_until_consistent(shop: Running, limit: float) -> tuple[float, list[str]]:
    """Seconds that it took, and what was still wrong at the limit."""
    began = time.monotonic()
    while (wrong := unsettled(shop)) and time.monotonic() - began < limit:
        time.sleep(0.5)
    return time.monotonic() - began, wrong


@dataclass(frozen=True)
class Books:
    """orders: as the API shows them, by person and id. owners: rows of orders by activation id. tied: the
    order of each (person, Idempotency-Key). balances: by person, from the API and from the database.
    sold: the provider's own list.
    """

    orders: dict[str, dict[str, Row]]
    owners: dict[str, Row]
    tied: dict[tuple[str, str], str | None]
    balances: dict[str, tuple[int, int]]
    sold: list[HistoryRow]


def read(shop: Running) -> Books:
    names = {person.user_id: person.name for person in shop.people}
    with shop.connect() as db:
        owners = {row["activation_id"]: row for row in db.cursor(row_factory=dict_row).execute(_OWNERS)}
        calls = db.execute("SELECT user_id, key, order_id FROM orders_idempotentcall").fetchall()
        wallets = dict(db.execute("SELECT user_id, balance_cents FROM wallet_wallet").fetchall())
    tied = {(names[user], key): order for user, key, order in calls}
    orders, balances = {}, {}
    for person in shop.people:
        with Line(shop.port, person.token) as line:
            orders[person.name] = {order["id"]: order for order in _orders(line)}
            balances[person.name] = (int(_get(line, "/account")["balanceCents"]), wallets[person.user_id])
    return Books(orders, owners, tied, balances, _sold(shop))


def _orders(line: Line) -> Iterator[Row]:
    cursor = ""
    while True:
        page = _get(line, f"/orders?limit=100{cursor}")
        yield from page["items"]
        if page["nextCursor"] is None:
            return
        cursor = f"&cursor={page['nextCursor']}"


def _get(line: Line, path: str) -> Row:
    """An answer, in the end: a kept connection may be one that was closed meanwhile."""
    for _ in range(20):
        reply = line.call("GET", path)
        if reply.status == 200:
            data: Row = reply.told["data"]
            return data
        time.sleep(0.5 if reply.status == LOST else 1)
    raise RuntimeError(f"{path}: {reply.status} {reply.code}")


def _sold(shop: Running) -> list[HistoryRow]:
    upstream = SmsActivate("hero", f"http://127.0.0.1:{shop.sandbox_port}", "sandbox")
    now = datetime.now(UTC)
    return upstream.history(now - timedelta(hours=12), now + timedelta(minutes=1))
