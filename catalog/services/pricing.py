"""The price list in force, made from offers, switches and markup rules; by set, not row by row."""

from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from catalog.models import Offer, PriceRule, Provider

LIST_LOCK = 7_011_001

# The resolver: among the rules that apply to an offer the first in this order makes the price. Every rule
# names its scope by columns that are null for "all"; a new kind of scope is a column here and in _APPLIES.
_APPLIES = (
    "(r.service_id = o.service_id OR r.service_id IS NULL) AND (r.country_id = o.country_id OR r.country_id IS NULL)"
)
_MOST_SPECIFIC = "(r.service_id IS NOT NULL) DESC, (r.country_id IS NOT NULL) DESC"
_FLOOR = "ceil(o.cost * 100)"
_MARKED_UP = "ceil(o.cost * (100 + coalesce(r.percent, 0))) + coalesce(r.fixed_cents, 0)"
_PRICE = f"""
greatest(1, CASE WHEN coalesce(r.allow_below_cost, false) THEN {_MARKED_UP} ELSE greatest({_MARKED_UP}, {_FLOOR}) END)
"""
_NEW_LIST = f"""
CREATE TEMP TABLE new_price ON COMMIT DROP AS
WITH cheapest AS (
    SELECT DISTINCT ON (o.service_id, o.country_id) o.service_id, o.country_id, o.provider_id, o.cost, o.count
    FROM catalog_offer o
    JOIN catalog_provider p ON p.id = o.provider_id AND p.is_enabled
    JOIN catalog_service s ON s.code = o.service_id AND s.is_enabled
    JOIN catalog_country c ON c.id = o.country_id AND c.is_enabled
    WHERE o.is_enabled AND o.count > 0 AND {{only}}
    ORDER BY o.service_id, o.country_id, o.cost, o.provider_id
)
SELECT o.*, ({_PRICE})::integer AS price_cents, r.id AS rule_id
FROM cheapest o
LEFT JOIN LATERAL (
    SELECT * FROM catalog_pricerule r WHERE {_APPLIES} ORDER BY {_MOST_SPECIFIC} LIMIT 1
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
_DELETE = """
DELETE FROM catalog_price p
WHERE {only} AND NOT EXISTS (
    SELECT FROM new_price n WHERE n.service_id = p.service_id AND n.country_id = p.country_id)
"""
_SUMMARISE = """
MERGE INTO catalog_servicesummary t
USING (
    SELECT service_id, min(price_cents) AS least, sum(count) AS total, count(*) AS countries
    FROM catalog_price GROUP BY service_id
) n ON t.service_id = n.service_id
WHEN MATCHED AND (t.min_price_cents, t.total_count, t.country_count)
    IS DISTINCT FROM (n.least, n.total, n.countries)
THEN UPDATE SET min_price_cents = n.least, total_count = n.total, country_count = n.countries
WHEN NOT MATCHED THEN INSERT (service_id, min_price_cents, total_count, country_count)
    VALUES (n.service_id, n.least, n.total, n.countries)
"""
_FORGET = """
DELETE FROM catalog_servicesummary t
WHERE NOT EXISTS (SELECT FROM catalog_price p WHERE p.service_id = t.service_id)
"""
_BUMP = "UPDATE catalog_catalogueversion SET version = version + 1, changed_at = now() WHERE id = 1"


@transaction.atomic
def rebuild_price_list() -> int:
    """Bring the price list up to date; how many lines changed. Lists follow within their max-age."""
    return _rebuild("true", "true", {})


@transaction.atomic
def refresh_offer(provider_id: int, service: str, country: int, least: Decimal | None) -> None:
    """The provider has become dearer than its offer. least: its price now, in its currency, where told.

    Where it isn't told the offer counts as out of stock until the next sync.
    """
    offer = Offer.objects.filter(provider_id=provider_id, service_id=service, country_id=country)
    if least is None:
        offer.update(count=0)
    else:
        offer.update(cost=least * Provider.objects.get(pk=provider_id).usd_rate)
    pair = {"service": service, "country": country}
    _rebuild(
        "o.service_id = %(service)s AND o.country_id = %(country)s",
        "p.service_id = %(service)s AND p.country_id = %(country)s",
        pair,
    )


def set_markup(percent: Decimal) -> PriceRule:
    """The rule for everything that has no rule of its own. Raises ValueError under -100 %."""
    if percent < -100:
        raise ValueError("a markup can't be under -100 %")
    with transaction.atomic():
        rule, _ = PriceRule.objects.update_or_create(service=None, country=None, defaults={"percent": percent})
        rebuild_price_list()
    return rule


def _rebuild(only_offers: str, only_prices: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LIST_LOCK])
        cursor.execute(_NEW_LIST.format(only=only_offers), values)
        cursor.execute("ANALYZE new_price")
        changed = 0
        for statement in (_UPDATE, _INSERT, _DELETE.format(only=only_prices)):
            cursor.execute(statement, values if "%(" in statement else None)
            changed += cursor.rowcount
        if changed:
            cursor.execute(_SUMMARISE)
            cursor.execute(_FORGET)
            cursor.execute(_BUMP)
        cursor.execute("DROP TABLE new_price")
    return changed


def touch_lists() -> None:
    """Something that a list shows changed beside the prices: a name, a switch."""
    with connection.cursor() as cursor:
        cursor.execute(_BUMP)
