from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Now

from jiema.api.authentication import Ride
from jiema.api.db import read_prepared
from jiema.api.errors import NotFound
from orders.errors import BadCursor
from orders.models import OPEN, Order, Status


def _time(column: str) -> str:
    return f"""'"' || to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"'"""


def _text(expression: str) -> str:
    return f"to_json({expression})::text"


def _or_null(expression: str) -> str:
    return f"coalesce({expression}, 'null')"


_SHOWS_SMS = "o.status NOT IN ('CANCELLED', 'FAILED')"
_HISTORY = f"""
'[' || coalesce((
    SELECT string_agg('{{"body":' || {_text("s.body")} || ',"receivedAt":' || {_time("s.received_at")} || '}}',
                      ',' ORDER BY s.id)
    FROM orders_sms s WHERE s.order_id = o.id AND {_SHOWS_SMS}), '') || ']'
"""
# The order object of the API, made by PostgreSQL: one expression for create, get and list.
_FIELDS = {
    "id": "'\"' || o.id || '\"'",
    "status": "'\"' || o.status || '\"'",
    "service": _text("o.service_id"),
    "country": "'\"' || o.country_id || '\"'",
    "phone": _or_null(_text("o.phone")),
    "chargedCents": "'\"' || o.charged_cents || '\"'",
    "refundedCents": "'\"' || o.refunded_cents || '\"'",
    "createdAt": _time("o.created_at"),
    "expiresAt": _or_null(_time("o.expires_at")),
    "smsBody": f"CASE WHEN {_SHOWS_SMS} THEN {_or_null(_text('o.sms_body'))} ELSE 'null' END",
    "smsReceivedAt": f"CASE WHEN {_SHOWS_SMS} THEN {_or_null(_time('o.sms_received_at'))} ELSE 'null' END",
    "smsHistory": _HISTORY,
    "cancelledAt": _time("o.cancelled_at"),
    "completedAt": _time("o.completed_at"),
}
# A field whose value is NULL is left out: those that do not apply.
ORDER_JSON = "'{' || concat_ws(',', " + ", ".join(f"'\"{n}\":' || {e}" for n, e in _FIELDS.items()) + ") || '}'"
_IS_STALE = """
o.status IN ('WAITING', 'RECEIVED') AND o.activation_id IS NOT NULL AND o.synced_at < now() - interval '3 seconds'
"""
_RIDE = f"""
SELECT CASE WHEN {_IS_STALE} THEN '!' ELSE ' ' END || {ORDER_JSON}
FROM orders_order o WHERE o.id = $2 AND o.user_id = u.id
"""
_ONE = f"SELECT {ORDER_JSON} FROM orders_order o WHERE o.id = $1"
_PAGE = f"""
SELECT o.id, {ORDER_JSON} FROM orders_order o
WHERE o.user_id = %(user)s AND o.id < %(before)s
ORDER BY o.id DESC LIMIT %(limit)s
"""
_PAGE_BY_STATUS = _PAGE.replace("ORDER BY o.id", "AND o.status = %(status)s ORDER BY o.id")
AFTER_ALL_IDS = "d"
EXPORTED_AT_ONCE = 1000

# What an open page watches: the newest open orders of its customer, and the one order that it is about.
WATCHED_AT_MOST = 20
_WATCHED = "SELECT o.id, o.status, o.phone, o.synced_at, o.activation_id FROM orders_order o WHERE o.user_id = $1"
_OPEN = f"({_WATCHED} AND o.status = '{{status}}' AND o.id <> $2 ORDER BY o.id DESC LIMIT {WATCHED_AT_MOST})"
_PULSE = f"""
WITH o AS ({_WATCHED} AND o.id = $2 UNION ALL {" UNION ALL ".join(_OPEN.format(status=each) for each in OPEN)})
SELECT u.state = 'active' AND EXISTS (
           SELECT FROM django_session WHERE session_key = $3 AND expire_date > now()),
       (SELECT md5(string_agg(concat_ws('-', o.id, o.status, o.phone IS NULL,
               (SELECT count(*) FROM orders_sms s WHERE s.order_id = o.id AND {_SHOWS_SMS})), ' ' ORDER BY o.id))
        FROM o),
       (SELECT string_agg(o.id, ' ' ORDER BY o.synced_at) FROM o WHERE {_IS_STALE})
FROM accounts_user u WHERE u.id = $1
"""


@dataclass(frozen=True, slots=True)
class Pulse:
    """is_let_in: the account is active and the session not over. mark: changes when something that the page shows
    does. stale: ids of orders that the provider should be asked about, the longest waiting first."""

    is_let_in: bool
    mark: str
    stale: list[str]


def pulse(user_id: str, order_id: str, session_key: str) -> Pulse:
    """How the orders on an open page are, by one statement. order_id: the page's own order, or empty."""
    row = read_prepared(_PULSE, (user_id, order_id, session_key))
    if row is None:
        return Pulse(False, "", [])
    is_let_in, mark, stale = row
    return Pulse(is_let_in == "t", mark or "", (stale or "").split())


def ride_for(order_id: str) -> Ride:
    """The caller's order as JSON text behind one mark: `!` where the provider should be asked again."""
    return Ride(_RIDE, (order_id,))


def order_json(order_id: str) -> str:
    row = read_prepared(_ONE, (order_id,))
    if row is None:
        raise NotFound
    return str(row[0])


def order_for(user_id: str, order_id: str) -> Order:
    """This user's order, or NotFound: a stranger's order does not exist."""
    order = Order.objects.select_related("provider", "service", "country").filter(user_id=user_id, pk=order_id).first()
    if order is None:
        raise NotFound("There is no such order.")
    return order


def watched_beside(user_id: str, order_id: str, kept: list[str]) -> list[Order]:
    """What a page shows beside its own order: the newest open ones, and the kept ones though they are over."""
    others = orders_of(user_id).exclude(pk=order_id).select_related("service", "country")
    running = others.filter(status__in=OPEN)[:WATCHED_AT_MOST]
    over = others.filter(pk__in=kept).exclude(status__in=OPEN) if kept else []
    return sorted([*running, *over], key=lambda order: order.pk, reverse=True)


def has_code(user_id: str) -> bool:
    """Did a number of this customer's ever bring one?"""
    return Order.objects.filter(user_id=user_id, status__in=(Status.RECEIVED, Status.COMPLETED)).exists()


def orders_of(user_id: str) -> QuerySet[Order]:
    """Newest first."""
    return Order.objects.filter(user_id=user_id).order_by("-id")


def spent_by_key(key_id: int) -> int:
    """US cents: what orders of the last 24 hours were charged, less what went back."""
    newest = Order.objects.filter(api_key_id=key_id, created_at__gt=Now() - timedelta(hours=24))
    return int(newest.aggregate(cents=Sum(F("charged_cents") - F("refunded_cents"), default=0))["cents"])


def order_page(user_id: str, status: str | None, limit: int, cursor: str | None) -> tuple[list[str], str | None]:
    """A page of order objects as JSON texts, newest first, and the next page's cursor.

    One walk down an index, on every page. Raises BadCursor.
    """
    if cursor is not None and not Order.objects.filter(user_id=user_id, pk=cursor).exists():
        raise BadCursor
    values: dict[str, Any] = {
        "user": user_id,
        "before": cursor or AFTER_ALL_IDS,
        "limit": limit + 1,
        "status": status,
    }
    with connection.cursor() as db:
        db.execute(_PAGE_BY_STATUS if status else _PAGE, values)
        rows = db.fetchall()
    more = len(rows) > limit
    return [row[1] for row in rows[:limit]], (rows[limit - 1][0] if more else None)


def all_orders(user_id: str) -> Iterator[str]:
    """Each as the API shows it, which never tells an SMS of a refunded one; the newest first."""
    cursor = None
    while True:
        rows, cursor = order_page(user_id, None, EXPORTED_AT_ONCE, cursor)
        yield from rows
        if cursor is None:
            return
