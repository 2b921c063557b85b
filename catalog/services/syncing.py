"""Countries, services and offers from a provider, by COPY and by set; nothing is written where nothing changed."""

from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models.functions import Now

from catalog.models import Offer, Provider
from catalog.services import naming
from catalog.services.pricing import rebuild_price_list, touch_lists
from catalog.services.providers import upstream_for
from catalog.upstream.errors import UpstreamError
from catalog.upstream.types import OfferRow

SYNC_LOCK = 7_011_002
# Fewer pairs in stock than this share of the last sync's: the reply is not believed.
LEAST_SHARE = 0.5
log = structlog.get_logger(__name__)


class Refused(Exception):
    """The provider's catalogue could not be read, or is not believable; the old one stays."""


_STAGE = "CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP"
_NEW_COUNTRIES = """
INSERT INTO catalog_country (id, iso2, slug, name, is_enabled)
SELECT n.id, n.iso2, n.slug, n.name, true FROM new_country n
WHERE NOT EXISTS (SELECT FROM catalog_country c WHERE c.id = n.id)
ON CONFLICT DO NOTHING
"""
_NEW_SERVICES = """
INSERT INTO catalog_service (code, slug, name, position, is_enabled)
SELECT n.code, n.slug, n.name, n.position, true FROM new_service n
WHERE NOT EXISTS (SELECT FROM catalog_service s WHERE s.code = n.code)
ON CONFLICT DO NOTHING
"""
_CHANGED_OFFERS = """
UPDATE catalog_offer o SET cost = n.cost, count = n.count
FROM new_offer n
WHERE o.provider_id = %(provider)s AND o.service_id = n.service AND o.country_id = n.country
  AND (o.cost, o.count) IS DISTINCT FROM (n.cost, n.count)
"""
_NEW_OFFERS = """
INSERT INTO catalog_offer (provider_id, service_id, country_id, cost, count, is_enabled)
SELECT %(provider)s, n.service, n.country, n.cost, n.count, true FROM new_offer n
WHERE NOT EXISTS (SELECT FROM catalog_offer o WHERE o.provider_id = %(provider)s
    AND o.service_id = n.service AND o.country_id = n.country)
"""
_SOLD_OUT = """
UPDATE catalog_offer o SET count = 0
WHERE o.provider_id = %(provider)s AND o.count > 0 AND NOT EXISTS (
    SELECT FROM new_offer n WHERE n.service = o.service_id AND n.country = o.country_id)
"""


def sync_catalogue(provider: Provider) -> int:
    """Bring this provider's offers and the price list up to date; how many lines changed.

    No transaction is open while the provider is read. Raises Refused, and keeps the reason on the row.
    """
    try:
        countries, services, offers = _read(provider)
        changed = _store(provider, countries, services, offers)
    except Refused as refusal:
        log.error("catalogue_refused", provider=provider.name, reason=str(refusal))
        Provider.objects.filter(pk=provider.pk).update(sync_error=str(refusal)[:200])
        raise
    Provider.objects.filter(pk=provider.pk).update(synced_at=Now(), sync_error="")
    return changed


def _read(provider: Provider) -> tuple[list[Any], list[Any], list[OfferRow]]:
    adapter = upstream_for(provider)
    try:
        countries, services, offers = adapter.countries(), adapter.services(), adapter.offers()
    except UpstreamError as error:
        raise Refused(f"the provider could not be read: {error.token or type(error).__name__}") from error
    offers = [offer for offer in offers if offer.service not in naming.NOT_FOR_SALE]
    _believe(provider, sum(offer.count > 0 for offer in offers))
    return countries, services, offers


def _believe(provider: Provider, in_stock: int) -> None:
    before = Offer.objects.filter(provider=provider, count__gt=0).count()
    if in_stock == 0 or in_stock < before * LEAST_SHARE:
        raise Refused(f"{in_stock} pairs in stock, after {before} the last time")


@transaction.atomic
def _store(provider: Provider, countries: list[Any], services: list[Any], offers: list[OfferRow]) -> int:
    rate = provider.usd_rate
    stock = {(o.service, o.country): (o.service, o.country, o.cost * rate, o.count) for o in offers}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SYNC_LOCK, provider.pk])
        _stage(
            cursor,
            "new_country",
            "id int, iso2 text, slug text, name text",
            naming.countries(countries, offers),
        )
        _stage(
            cursor,
            "new_service",
            "code text, slug text, name text, position int",
            naming.services(services, offers),
        )
        _stage(cursor, "new_offer", "service text, country int, cost numeric(12,4), count int", stock.values())
        added = _run(cursor, (_NEW_COUNTRIES, _NEW_SERVICES), provider)
        changed = _run(cursor, (_CHANGED_OFFERS, _SOLD_OUT, _NEW_OFFERS), provider)
    if changed:
        rebuild_price_list()
    elif added:
        touch_lists()
    return added + changed


def _stage(cursor: Any, name: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    cursor.execute(_STAGE.format(name=name, columns=columns))
    with cursor.copy(f"COPY {name} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    cursor.execute(f"ANALYZE {name}")


def _run(cursor: Any, statements: Sequence[str], provider: Provider) -> int:
    changed = 0
    for statement in statements:
        cursor.execute(statement, {"provider": provider.pk})
        changed += cursor.rowcount
    return changed
