"""The price list in force, made from offers, switches and markup rules; by set, not row by row."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from catalog.models import Offer, PriceRule, Provider
from catalog.services.costs import MAX_COST, dollars
from catalog.services.searching import refresh_names

CATALOGUE_LOCK = 7_011_001

# Of several providers the cheapest sells; one that is paused only where nobody else does, and then its purchases
# are refused as what they are, and not as a lack of numbers.
# The resolver: the most specific rule makes the price. Each kind of scope is one join, and _WINNER ranks them; a
# customer group or a date is one more condition of the joins, another kind of price one more case in _PRICE.
_RULES = """
LEFT JOIN catalog_pricerule pair ON pair.service_id = o.service_id AND pair.country_id = o.country_id
LEFT JOIN catalog_pricerule service ON service.service_id = o.service_id AND service.country_id IS NULL
LEFT JOIN catalog_pricerule country ON country.country_id = o.country_id AND country.service_id IS NULL
LEFT JOIN catalog_pricerule everything ON everything.service_id IS NULL AND everything.country_id IS NULL
"""
_WINNER = "coalesce(pair.id, service.id, country.id, everything.id)"
_MARKED_UP = "ceil(o.cost * (100 + coalesce(r.percent, 0))) + coalesce(r.fixed_cents, 0)"
_FLOOR = "CASE WHEN r.allow_below_cost THEN 1 ELSE ceil(o.cost * 100) END"
_PRICE = f"greatest(1, {_FLOOR}, {_MARKED_UP})"

_PAIRS = """
({table}.service_id, {table}.country_id) IN (SELECT * FROM unnest(%(services)s::text[], %(countries)s::int[]))
"""
_NEW_LIST = f"""
CREATE TEMP TABLE new_price ON COMMIT DROP AS
WITH cheapest AS (
    SELECT DISTINCT ON (o.service_id, o.country_id) o.service_id, o.country_id, o.provider_id, o.cost, o.count
    FROM catalog_offer o
    JOIN catalog_provider p ON p.id = o.provider_id AND p.is_enabled
    JOIN catalog_service s ON s.code = o.service_id AND s.is_enabled
    JOIN catalog_country c ON c.id = o.country_id AND c.is_enabled
    WHERE o.is_enabled AND o.count > 0 AND {{meant}}
    ORDER BY o.service_id, o.country_id, p.paused_at IS NOT NULL, o.cost, o.provider_id
)
SELECT o.*, ({_PRICE})::integer AS price_cents, r.id AS rule_id
FROM cheapest o {_RULES} LEFT JOIN catalog_pricerule r ON r.id = {_WINNER}
"""
_UPDATE = """
UPDATE catalog_price p SET provider_id = n.provider_id, cost = n.cost, price_cents = n.price_cents,
    count = n.count, rule_id = n.rule_id
FROM new_price n
WHERE p.service_id = n.service_id AND p.country_id = n.country_id
  AND (p.provider_id, p.cost, p.price_cents, p.count, p.rule_id)
      IS DISTINCT FROM (n.provider_id, n.cost, n.price_cents, n.count, n.rule_id)
"""
_INSERT = """
INSERT INTO catalog_price (service_id, country_id, provider_id, cost, price_cents, count, rule_id)
SELECT n.service_id, n.country_id, n.provider_id, n.cost, n.price_cents, n.count, n.rule_id
FROM new_price n
WHERE NOT EXISTS (
    SELECT FROM catalog_price p WHERE p.service_id = n.service_id AND p.country_id = n.country_id)
"""
_DELETE = """
DELETE FROM catalog_price p
WHERE {meant} AND NOT EXISTS (
    SELECT FROM new_price n WHERE n.service_id = p.service_id AND n.country_id = p.country_id)
"""
_SUMMARISE = """
MERGE INTO catalog_servicesummary t
USING (
    SELECT service_id, min(price_cents) AS least, sum(count) AS total, count(*) AS countries
    FROM catalog_price p WHERE {meant} GROUP BY service_id
) n ON t.service_id = n.service_id
WHEN MATCHED AND (t.min_price_cents, t.total_count, t.country_count)
    IS DISTINCT FROM (n.least, n.total, n.countries)
THEN UPDATE SET min_price_cents = n.least, total_count = n.total, country_count = n.countries
WHEN NOT MATCHED THEN INSERT (service_id, min_price_cents, total_count, country_count)
    VALUES (n.service_id, n.least, n.total, n.countries)
"""
_FORGET = """
DELETE FROM catalog_servicesummary t
WHERE {meant} AND NOT EXISTS (SELECT FROM catalog_price p WHERE p.service_id = t.service_id)
"""
_BUMP = "UPDATE catalog_catalogueversion SET version = version + 1, changed_at = now() WHERE id = 1"


@contextmanager
def catalogue_change() -> Iterator[None]:
    """A transaction after which the lists and searches show what was changed inside: rules, switches, names."""
    with transaction.atomic():
        lock_catalogue()
        yield
        refresh_names()
        if not rebuild_price_list():
            touch_lists()


def lock_catalogue() -> None:
    """One writer of the catalogue at a time, until the transaction ends; taken before any of its rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CATALOGUE_LOCK])


def try_lock_catalogue() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [CATALOGUE_LOCK])
        return bool(cursor.fetchone()[0])


@transaction.atomic
def rebuild_price_list(pairs: Collection[tuple[str, int]] | None = None) -> int:
    """Bring the price list up to date; how many of its lines changed. Lists follow within their max-age.

    pairs: services' codes and countries' ids that are meant; None for all.
    """
    lock_catalogue()
    with connection.cursor() as cursor:
        changed = _replace_prices(cursor, pairs)
        if changed:
            _summarise(cursor, pairs)
            touch_lists()
    if pairs is None:
        _is_ranked_otherwise().update(ranked_as_paused=Q(paused_at__isnull=False))
    return changed


@transaction.atomic
def rank_anew() -> None:
    """After a pause or its end another provider may sell what one did.

    A customer may be waiting, so a busy catalogue is left to its writer, and the minute's next look ranks it.
    """
    if _is_ranked_otherwise().exists() and try_lock_catalogue():
        rebuild_price_list()


def _is_ranked_otherwise() -> QuerySet[Provider]:
    """Providers that the price list in force takes for paused, or for running, and that are not."""
    agree = Q(ranked_as_paused=True, paused_at__isnull=False) | Q(ranked_as_paused=False, paused_at=None)
    return Provider.objects.exclude(agree)


@transaction.atomic
def refresh_offer(provider_id: int, service: str, country: int, least: Decimal | None) -> None:
    """The provider has become dearer than its offer. least: its price now, in its currency, where told.

    Where it isn't told the offer counts as out of stock until the next sync. Where another writer is at the
    catalogue nothing is done: a customer waits for this call, and a sync brings the price anyway.
    """
    if not try_lock_catalogue():
        return
    offer = Offer.objects.filter(provider_id=provider_id, service_id=service, country_id=country)
    cost = None if least is None else dollars(least, Provider.objects.get(pk=provider_id).usd_rate)
    if cost is None or cost > MAX_COST:
        offer.update(count=0)
    else:
        offer.update(cost=cost)
    rebuild_price_list([(service, country)])


def set_markup(percent: Decimal) -> PriceRule:
    """The rule for everything that has no rule of its own. Raises ValidationError."""
    with catalogue_change():
        rule = PriceRule.objects.filter(service=None, country=None).first() or PriceRule()
        rule.percent = percent
        rule.full_clean()
        rule.save()
    return rule


def touch_lists() -> None:
    """Something that a list shows changed beside the prices."""
    with connection.cursor() as cursor:
        cursor.execute(_BUMP)


def _replace_prices(cursor: Any, pairs: Collection[tuple[str, int]] | None) -> int:
    meant = {"services": [pair[0] for pair in pairs or ()], "countries": [pair[1] for pair in pairs or ()]}
    in_offers, in_prices = ("true" if pairs is None else _PAIRS.format(table=table) for table in "op")
    cursor.execute(_NEW_LIST.format(meant=in_offers), meant)
    cursor.execute("ANALYZE new_price")
    changed = 0
    for statement in (_UPDATE, _INSERT, _DELETE.format(meant=in_prices)):
        cursor.execute(statement, meant)
        changed += int(cursor.rowcount)
    cursor.execute("DROP TABLE new_price")
    return changed


def _summarise(cursor: Any, pairs: Collection[tuple[str, int]] | None) -> None:
    services = [*{service for service, _ in pairs or ()}]
    meant = "true" if pairs is None else "service_id = ANY(%(services)s)"
    for statement in (_SUMMARISE, _FORGET):
        cursor.execute(statement.format(meant=meant), {"services": services})
