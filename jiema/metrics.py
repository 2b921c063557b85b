"""Figures for Prometheus, read from the database when they are asked for: all processes tell the same."""

from collections.abc import Iterable
from typing import Any

from django.db import connection
from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from jiema.alarms.kinds import KINDS

__all__ = ["CONTENT_TYPE", "exposition"]

_ALARMS = """
SELECT code, coalesce(sum(times), 0), count(*) FILTER (WHERE cleared_at IS NULL) FROM alarms_alarm GROUP BY code
"""
# Name: what it tells, the label's name, and a query that yields (label, value).
GAUGES = {
    "jiema_orders_open": (
        "Orders that are not over.",
        "status",
        "SELECT status, count(*) FROM orders_order WHERE status IN ('WAITING', 'RECEIVED') GROUP BY 1",
    ),
    "jiema_purchases_unsettled": (
        "Purchases whose outcome is not known.",
        "provider",
        """SELECT p.name, count(*) FROM orders_upstreamattempt a JOIN catalog_provider p ON p.id = a.provider_id
           WHERE a.outcome IN ('in_flight', 'unknown') GROUP BY 1""",
    ),
    "jiema_oldest_unsettled_seconds": (
        "Age of the oldest purchase whose outcome is not known.",
        "provider",
        """SELECT p.name, extract(epoch FROM now() - min(a.sent_at))
           FROM orders_upstreamattempt a JOIN catalog_provider p ON p.id = a.provider_id
           WHERE a.outcome IN ('in_flight', 'unknown') GROUP BY 1""",
    ),
    "jiema_numbers_to_give_back": (
        "Refunded numbers that the provider has not taken back yet.",
        "provider",
        """SELECT p.name, count(*) FROM orders_order o JOIN catalog_provider p ON p.id = o.provider_id
           WHERE o.cancel_upstream_at IS NOT NULL GROUP BY 1""",
    ),
    "jiema_loss_dollars": (
        "The loss account: what numbers cost that no customer pays for.",
        "cause",
        "SELECT cause, sum(cost) FROM orders_upstreamloss WHERE void_at IS NULL GROUP BY 1",
    ),
    "jiema_provider_balance": (
        "Our balance at the provider, in its currency.",
        "provider",
        "SELECT name, balance FROM catalog_provider WHERE is_enabled AND balance IS NOT NULL",
    ),
    "jiema_provider_paused": (
        "1 while nothing is bought there because our account needs a person.",
        "provider",
        "SELECT name, (paused_at IS NOT NULL)::int FROM catalog_provider WHERE is_enabled",
    ),
    "jiema_catalogue_age_seconds": (
        "Since the provider's catalogue was read.",
        "provider",
        """SELECT name, extract(epoch FROM now() - synced_at)
           FROM catalog_provider WHERE is_enabled AND synced_at IS NOT NULL""",
    ),
    "jiema_sales_stopped": (
        "Stops of all sales that nobody has lifted.",
        "by",
        "SELECT stopped_by, count(*) FROM orders_salesstop WHERE lifted_at IS NULL GROUP BY 1",
    ),
    "jiema_tick_age_seconds": (
        "Since what runs by the clock last ran.",
        "name",
        "SELECT name, extract(epoch FROM now() - at) FROM alarms_tick",
    ),
}


class _Database(Collector):
    def collect(self) -> Iterable[Metric]:
        yield from _alarms()
        for name, (tells, label, sql) in GAUGES.items():
            gauge = GaugeMetricFamily(name, tells, labels=[label])
            for value_of, value in _rows(sql):
                gauge.add_metric([str(value_of)], float(value))
            yield gauge


def _alarms() -> Iterable[Metric]:
    """Every kind, also those that were never raised: a rule that watches one finds it from the first day."""
    told = {code: (raised, open_) for code, raised, open_ in _rows(_ALARMS)}
    raised = CounterMetricFamily("jiema_alarms", "How often an alarm was raised.", labels=["code"])
    is_open = GaugeMetricFamily("jiema_alarms_open", "Alarms that are not cleared.", labels=["code"])
    for code in KINDS:
        times, open_ = told.get(code, (0, 0))
        raised.add_metric([code], float(times))
        is_open.add_metric([code], float(open_))
    return raised, is_open


def _rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def exposition() -> bytes:
    registry = CollectorRegistry()
    registry.register(_Database())
    return generate_latest(registry)
