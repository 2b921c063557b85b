"""The price list in force, made from offers, switches and markup rules; by set, not row by row."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from django.db import connection, transaction

from catalog.models import Offer, PriceRule, Provider
from catalog.services.costs import MAX_COST, dollars

CATALOGUE_LOCK = 7_011_001

# The resolver: among the rules that apply to a pair the first in this order makes its price. A rule names its
# scope by columns that are null for "all"; another kind of scope (a customer group, a date) is one more term in
# both expressions, another kind of price one more case in _PRICE.
_APPLIES = "coalesce(r.service_id = o.service_id, true) AND coalesce(r.country_id = o.country_id, true)"
_MOST_SPECIFIC_FIRST = "r.service_id IS NULL, r.country_id IS NULL"
_MARKED_UP = "ceil(o.cost * (100 + coalesce(r.percent, 0))) + coalesce(r.fixed_cents, 0)"
_FLOOR = "CASE WHEN r.allow_below_cost THEN 1 ELSE ceil(o.cost * 100) END"
_PRICE = f"greatest(1, {_FLOOR}, {_MARKED_UP})"

# Each statement is about everything, or about one pair.
_OFFERS_MEANT = "(%(service)s IS NULL OR o.service_id = %(service)s AND o.country_id = %(country)s)"
_PRICES_MEANT = "(%(service)s IS NULL OR p.service_id = %(service)s AND p.country_id = %(country)s)"
_SUMMARIES_MEANT = "(%(service)s IS NULL OR {}.service_id = %(service)s)"
_NEW_LIST = f"""
CREATE TEMP TABLE new_price ON COMMIT DROP AS
WITH cheapest AS (
    SELECT DISTINCT ON (o.service_id, o.country_id) o.service_id, o.country_id, o.provider_id, o.cost, o.count
    FROM catalog_offer o
    JOIN catalog_provider p ON p.id = o.provider_id AND p.is_enabled
    JOIN catalog_service s ON s.code = o.service_id AND s.is_enabled
    JOIN catalog_country c ON c.id = o.country_id AND c.is_enabled
    WHERE o.is_enabled AND o.count > 0 AND {_OFFERS_MEANT}
    ORDER BY o.service_id, o.country_id, o.cost, o.provider_id
)
SELECT o.*, ({_PRICE})::integer AS price_cents, r.id AS rule_id
FROM cheapest o
LEFT JOIN LATERAL (
    SELECT * FROM catalog_pricerule r WHERE {_APPLIES} ORDER BY {_MOST_SPECIFIC_FIRST} LIMIT 1
) r ON true
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
_DELETE = f"""
DELETE FROM catalog_price p
WHERE {_PRICES_MEANT} AND NOT EXISTS (
    SELECT FROM new_price n WHERE n.service_id = p.service_id AND n.country_id = p.country_id)
"""
_SUMMARISE = f"""
MERGE INTO catalog_servicesummary t
USING (
    SELECT service_id, min(price_cents) AS least, sum(count) AS total, count(*) AS countries
    FROM catalog_price p WHERE {_SUMMARIES_MEANT.format("p")} GROUP BY service_id
) n ON t.service_id = n.service_id
WHEN MATCHED AND (t.min_price_cents, t.total_count, t.country_count)
    IS DISTINCT FROM (n.least, n.total, n.countries)
THEN UPDATE SET min_price_cents = n.least, total_count = n.total, country_count = n.countries
WHEN NOT MATCHED THEN INSERT (service_id, min_price_cents, total_count, country_count)
    VALUES (n.service_id, n.least, n.total, n.countries)
"""
_FORGET = f"""
DELETE FROM catalog_servicesummary t
WHERE {_SUMMARIES_MEANT.format("t")}
  AND NOT EXISTS (SELECT FROM catalog_price p WHERE p.service_id = t.service_id)
"""
_BUMP = "UPDATE catalog_catalogueversion SET version = version + 1, changed_at = now() WHERE id = 1"


@contextmanager
def catalogue_change() -> Iterator[None]:
    """A transaction after which the lists show what was changed inside: rules, switches, names."""
    with transaction.atomic():
        lock_catalogue()
        yield
        if not rebuild_price_list():
            touch_lists()


def lock_catalogue() -> None:
    """One writer of the catalogue at a time, until the transaction ends; taken before any of its rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CATALOGUE_LOCK])


@transaction.atomic
def rebuild_price_list() -> int:
    """Bring the price list up to date; how many of its lines changed. Lists follow within their max-age."""
    lock_catalogue()
    return _rebuild(None, None)


@transaction.atomic
def refresh_offer(provider_id: int, service: str, country: int, least: Decimal | None) -> None:
    """The provider has become dearer than its offer. least: its price now, in its currency, where told.

    Where it isn't told the offer counts as out of stock until the next sync.
    """
    lock_catalogue()
    offer = Offer.objects.filter(provider_id=provider_id, service_id=service, country_id=country)
    cost = None if least is None else dollars(least, Provider.objects.get(pk=provider_id).usd_rate)
    if cost is None or cost > MAX_COST:
        offer.update(count=0)
    else:
        offer.update(cost=cost)
    _rebuild(service, country)


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


def _rebuild(service: str | None, country: int | None) -> int:
    pair = {"service": service, "country": country}
    with connection.cursor() as cursor:
        cursor.execute(_NEW_LIST, pair)
        cursor.execute("ANALYZE new_price")
        changed = 0
        for statement in (_UPDATE, _INSERT, _DELETE):
            cursor.execute(statement, pair)
            changed += cursor.rowcount
        if changed:
            for statement in (_SUMMARISE, _FORGET, _BUMP):
                cursor.execute(statement, pair)
        cursor.execute("DROP TABLE new_price")
    return changed
