from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Lower

from catalog.errors import BadCountry, BadService, NoNumbers
from catalog.models import CodeRate, Country, Offer, OfferOdds, Price, Service, ServiceSummary
from catalog.odds import USUAL_RATE, Odds, Window

_QUOTE = """
SELECT s.code, c.id, p.provider_id, p.cost, p.price_cents, p.rule_id,
       (SELECT version FROM catalog_catalogueversion WHERE id = 1),
       CASE WHEN r.allow_below_cost THEN 1 ELSE ceil(p.cost * 100)::int END,
       v.paused_at IS NOT NULL
FROM (SELECT 1) AS one
LEFT JOIN catalog_service s ON s.is_enabled AND (s.code = %(service)s OR s.slug = %(service)s)
LEFT JOIN catalog_country c ON c.is_enabled AND (c.id = %(country_id)s OR c.slug = %(country)s)
LEFT JOIN catalog_price p ON p.service_id = s.code AND p.country_id = c.id
LEFT JOIN catalog_pricerule r ON r.id = p.rule_id
LEFT JOIN catalog_provider v ON v.id = p.provider_id
"""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a pair costs now. cost: US dollars, the cap of the purchase. price_cents: what the user pays.

    floor_cents: the least that the rules allow. is_paused: its provider sells us nothing right now.
    """

    service_code: str
    country_id: int
    provider_id: int
    cost: Decimal
    price_cents: int
    rule_id: int | None
    catalogue_version: int
    floor_cents: int
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the price list, and what is known of its offer. rate: the shop's, for what is not known."""

    price: Price
    odds: Odds
    rate: Decimal

    @property
    def chance(self) -> Decimal:
        return self.odds.chance(self.rate)

    @property
    def expected_cents(self) -> int:
        return self.odds.expected_cents(self.price.price_cents, self.rate)


def quote(service: str, country: str) -> Quote:
    """The price list's line for a pair. service: code or slug. country: id or slug.

    Raises BadService, BadCountry, NoNumbers.
    """
    country_id = int(country) if country.isascii() and country.isdigit() and len(country) < 10 else None
    values: dict[str, Any] = {"service": service, "country": country, "country_id": country_id}
    with connection.cursor() as cursor:
        cursor.execute(_QUOTE, values)
        row = cursor.fetchone()
    if row[0] is None:
        raise BadService
    if row[1] is None:
        raise BadCountry
    if row[2] is None:
        raise NoNumbers
    return Quote(*row)


def find_services() -> QuerySet[ServiceSummary]:
    """Services with stock, in the shop's order."""
    return ServiceSummary.objects.select_related("service").order_by("service__position", "service_id")


def service_called(name: str) -> Service:
    """By code or slug; no slug is another service's code. Raises BadService."""
    found = Service.objects.filter(Q(code=name) | Q(slug=name), is_enabled=True).first()
    if found is None:
        raise BadService
    return found


def service_codes(words: Sequence[str]) -> dict[str, str]:
    """The code for each word that is a service's code, slug or name, in any case; the others are left out."""
    lower = {word.lower() for word in words}
    rows = Service.objects.alias(called=Lower("name")).filter(
        Q(code__in=lower) | Q(slug__in=lower) | Q(called__in=lower)
    )
    codes: dict[str, str] = {}
    for code, slug, name in rows.values_list("code", "slug", "name"):
        codes |= {name.lower(): code, slug: code}
    codes |= {code: code for code in codes.values()}
    return {word: codes[word.lower()] for word in words if word.lower() in codes}


def prices_of(service: Service) -> QuerySet[Price]:
    """Cheapest first."""
    return Price.objects.filter(service=service).select_related("country").order_by("price_cents", "country_id")


def prices_of_pairs(pairs: list[tuple[str, int]]) -> QuerySet[Price]:
    """Of these services in these countries, where they are on sale now."""
    named = Q(pk=None)
    for service_code, country_id in pairs:
        named |= Q(service=service_code, country=country_id)
    return Price.objects.filter(named, provider__paused_at=None).select_related("service", "country")


def services_on_sale() -> list[dict[str, Any]]:
    """Services with stock, in the shop's order; minCostUsd in US dollars as a number."""
    return [
        {
            "code": row.service_id,
            "slug": row.service.slug,
            "name": row.service.name,
            "minCostUsd": row.min_price_cents / 100,
            "totalCount": row.total_count,
            "countryCount": row.country_count,
        }
        for row in find_services()
    ]


def countries_on_sale() -> list[dict[str, Any]]:
    """Countries that an offer ever named, with stock now or without, but for those switched off."""
    named = Exists(Offer.objects.filter(country=OuterRef("pk")))
    rows = Country.objects.filter(named, is_enabled=True).order_by("name")
    return [{"id": row.id, "slug": row.slug, "name": row.name} for row in rows]


def offers_of(service: Service) -> list[Listed]:
    """The service's prices with what is known of each, cheapest first."""
    rate = code_rate()
    odds = {(row.provider_id, row.country_id): row.odds for row in OfferOdds.objects.filter(service=service)}
    return [Listed(row, odds.get((row.provider_id, row.country_id), Odds()), rate) for row in prices_of(service)]


def shop_odds() -> Window:
    """Of all offers together, over seven days."""
    sums = OfferOdds.objects.aggregate(bought=Sum("bought_7d", default=0), arrived=Sum("arrived_7d", default=0))
    return Window(sums["bought"], sums["arrived"], None, None)


def odds_of(provider_id: int, service_code: str, country_id: int) -> Odds:
    found = OfferOdds.objects.filter(provider=provider_id, service=service_code, country=country_id).first()
    return found.odds if found else Odds()


def code_rate() -> Decimal:
    """Which share of this shop's numbers brings a code; between 0 and 1."""
    kept = CodeRate.objects.values_list("rate", flat=True).first()
    return USUAL_RATE if kept is None else kept


def price_list(name: str) -> dict[str, Any]:
    """The prices of the service with this code or slug; money in US cents. Raises BadService."""
    service = service_called(name)
    return {"service": service.code, "items": [_price_object(each) for each in offers_of(service)]}


def _price_object(offer: Listed) -> dict[str, Any]:
    return {
        "countryId": offer.price.country_id,
        "countrySlug": offer.price.country.slug,
        "priceCents": str(offer.price.price_cents),
        "count": offer.price.count,
        "odds24h": _odds_object(offer.odds.day),
        "odds7d": _odds_object(offer.odds.week),
        "expectedCents": str(offer.expected_cents),
    }


def _odds_object(window: Window) -> dict[str, int | None] | None:
    if not window.is_tested:
        return None
    return {
        "bought": window.bought,
        "arrived": window.arrived,
        "medianSeconds": window.median_seconds,
        "p90Seconds": window.p90_seconds,
    }
