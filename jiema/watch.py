"""The watch: what is wrong for as long as a query finds it raises an alarm, and clears it when it is over."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from catalog.models import BalanceReading, Provider
from catalog.services.pricing import rank_anew
from catalog.services.providers import read_balance
from catalog.upstream.errors import UpstreamError
from jiema.alarms.services import clear_alarm, hold, raise_alarm, tick

WORKER = "worker"
KEEP_READINGS = timedelta(days=30)
START_ANEW_AFTER = timedelta(days=1)
NOT_AWAY = ("57014", "55P03", "40P01")
"""PostgreSQL's codes of a statement that took too long, a lock that did, and a deadlock: it is there, and busy."""
CENT = Decimal("0.01")
log = structlog.get_logger(__name__)

# Every query yields (subject, detail) for each case.
CONDITIONS = {
    "sales_stopped": """
        SELECT reason, 'by ' || stopped_by FROM orders_salesstop WHERE lifted_at IS NULL
    """,
    "provider_account": """
        SELECT name, pause_reason FROM catalog_provider WHERE is_enabled AND paused_at IS NOT NULL
    """,
    "provider_balance_low": """
        SELECT name, format('%s %s, threshold %s', balance, currency, low_balance)
        FROM catalog_provider WHERE is_enabled AND balance < low_balance
    """,
    "catalogue_old": """
        SELECT name, coalesce('read ' || synced_at, 'never read')
        FROM catalog_provider WHERE is_enabled AND synced_at IS NOT NULL AND synced_at < now() - interval '15 minutes'
    """,
    "purchase_unsettled": """
        SELECT order_id, format('%s since %s %s', outcome, sent_at, token)
        FROM orders_upstreamattempt
        WHERE outcome IN ('in_flight', 'unknown') AND sent_at < now() - interval '90 seconds'
    """,
    "stray_activation": """
        SELECT p.name || ': ' || s.activation_id,
               format('service %s, country %s', s.service_code, s.country_code)
        FROM orders_strayactivation s JOIN catalog_provider p ON p.id = s.provider_id
        WHERE s.settled_at IS NULL AND s.first_seen_at < now() - interval '30 seconds'
    """,
    "payment_review": """
        SELECT finding, format('%s open, the oldest since %s', count(*), min(opened_at))
        FROM topups_review WHERE settled_at IS NULL GROUP BY finding
    """,
    "transfers_waiting": """
        SELECT '', format('%s, the oldest since %s', count(*), min(sent_at))
        FROM topups_topup WHERE gateway = 'bank' AND state IN ('pending', 'paid') HAVING count(*) > 0
    """,
    "payouts_waiting": """
        SELECT '', format('%s, the oldest since %s', count(*), min(created_at))
        FROM topups_payout
        WHERE (state = 'created' AND (by_hand OR created_at < now() - interval '10 minutes'))
           OR (state = 'pending' AND created_at < now() - interval '14 days')
        HAVING count(*) > 0
    """,
    "webhooks_waiting": """
        SELECT gateway, format('%s, the oldest since %s: %s', count(*), min(received_at), max(error))
        FROM topups_webhookevent
        WHERE handled_at IS NULL AND received_at < now() - interval '5 minutes' GROUP BY gateway
    """,
    "webhooks_late": """
        SELECT '', format('%s, the oldest since %s', count(*), min(d.due_at))
        FROM webhooks_delivery d
        JOIN webhooks_endpoint e ON e.id = d.endpoint_id JOIN accounts_user u ON u.id = e.user_id
        WHERE d.due_at < now() - interval '5 minutes' AND e.disabled_at IS NULL AND u.state = 'active'
          AND coalesce((SELECT ended_at FROM webhooks_attempt ORDER BY id DESC LIMIT 1), '-infinity')
              < now() - interval '5 minutes'
        HAVING count(*) > 0
    """,
    "payments_not_compared": """
        SELECT '', format('since %s', at) FROM alarms_tick
        WHERE name = 'payments compared' AND at < now() - interval '1 hour'
    """,
    "order_overdue": """
        SELECT id, format('%s, expired %s', status, expires_at)
        FROM orders_order WHERE status IN ('WAITING', 'RECEIVED') AND expires_at < now() - interval '5 minutes'
    """,
}


# What may have come back to our account since a moment: every number that was not certainly given back long before.
_MAY_COME_BACK = """
SELECT coalesce(sum(coalesce(paid_cost, cost)), 0) FROM orders_order
WHERE provider_id = %(provider)s AND activation_id IS NOT NULL AND created_at > now() - interval '1 day'
  AND status <> 'COMPLETED' AND (returned_at IS NULL OR returned_at > %(since)s - interval '45 minutes')
"""
_IS_AT_REST = """
SELECT NOT EXISTS (SELECT FROM orders_order WHERE provider_id = %(provider)s
                   AND (status IN ('WAITING', 'RECEIVED') OR cancel_upstream_at IS NOT NULL
                        OR returned_at > now() - interval '45 minutes'))
"""


class _Outage:
    """Since when the database could not be told that it is away."""

    since: datetime | None = None


def look_around() -> None:
    """Raise and clear what the conditions say. While the database is away nothing can be told; afterwards it is."""
    try:
        tick(WORKER)
        for code, sql in CONDITIONS.items():
            _hold(code, sql)
    except (OperationalError, InterfaceError) as error:
        if getattr(error.__cause__, "sqlstate", None) in NOT_AWAY:
            raise
        _Outage.since = _Outage.since or timezone.now()
        log.error("database_away", error=type(error).__name__)
        return
    clear_alarm("worker_silent")
    clear_alarm("limits_fell_back")  # Valkey brought us here
    if _Outage.since:
        raise_alarm("database_away", since=_Outage.since)
        _Outage.since = None


def _hold(code: str, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        hold(code, dict(cursor.fetchall()))


def read_balances() -> None:
    """Ask every provider what we have there; one that was paused goes on where our account works again."""
    rank_anew()
    for name in Provider.objects.filter(is_enabled=False).values_list("name", flat=True):
        clear_alarm("provider_down", name)
        clear_alarm("catalogue_refused", name)
    for provider in Provider.objects.filter(is_enabled=True):
        before = _readings(provider).first()
        try:
            reading = read_balance(provider)
        except UpstreamError as error:
            log.info("balance_without_answer", provider=provider.name, token=error.token)
            continue
        clear_alarm("provider_down", provider.name)
        if before is None or _begins_anew(provider, before, reading):
            BalanceReading.objects.filter(pk=reading.pk).update(is_start=True)
    BalanceReading.objects.filter(is_start=False, read_at__lt=Now() - KEEP_READINGS).delete()


def _begins_anew(provider: Provider, before: BalanceReading, reading: BalanceReading) -> bool:
    """Somebody paid in; or the sum has become long, and nothing is in motion."""
    rise = (reading.balance - before.balance) * provider.usd_rate
    if rise > 0 and rise > _asked(_MAY_COME_BACK, provider=provider.pk, since=before.read_at) + CENT:
        log.info("balance_rose", provider=provider.name, by=str(rise))
        return True
    start = _readings(provider).filter(is_start=True).first()
    if reading.usd_rate != before.usd_rate:
        return True
    is_long = start is not None and timezone.now() - start.read_at > START_ANEW_AFTER
    return is_long and bool(_asked(_IS_AT_REST, provider=provider.pk))


def _readings(provider: Provider) -> QuerySet[BalanceReading]:
    return BalanceReading.objects.filter(provider=provider).order_by("-id")


def _asked(sql: str, **values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]
