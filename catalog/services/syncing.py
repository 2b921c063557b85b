"""Countries, services and offers from a provider, by COPY and by set; nothing is written where nothing changed."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from catalog.models import Country, Offer, Provider, Service
from catalog.services import naming
from catalog.services.costs import MAX_COST, dollars
from catalog.services.pricing import lock_catalogue, rank_anew, rebuild_price_list, touch_lists
from catalog.services.providers import upstream_for
from catalog.services.searching import refresh_names
from catalog.upstream.errors import UpstreamError
from catalog.upstream.types import CountryRow, OfferRow, ServiceRow
from jiema.alarms.services import clear_alarm, raise_alarm

SYNC_LOCK = 7_011_002
# Fewer pairs in stock than this share of the last sync's: the reply is not believed.
LEAST_SHARE = 0.5
# So many changed pairs make one pass over the whole list the shorter way.
WHOLE_LIST_FROM = 20_000
Pair = tuple[str, int]

_STAGE = """
CREATE TEMP TABLE new_offer (service text, country int, cost numeric(12, 4), count int) ON COMMIT DROP
"""
_CHANGED = """
UPDATE catalog_offer o SET cost = n.cost, count = n.count
FROM new_offer n
WHERE o.provider_id = %(provider)s AND o.service_id = n.service AND o.country_id = n.country
  AND (o.cost, o.count) <> (n.cost, n.count)
RETURNING o.service_id, o.country_id
"""
_SOLD_OUT = """
UPDATE catalog_offer o SET count = 0
WHERE o.provider_id = %(provider)s AND o.count > 0 AND NOT EXISTS (
    SELECT FROM new_offer n WHERE n.service = o.service_id AND n.country = o.country_id)
RETURNING o.service_id, o.country_id
"""
_ADDED = """
INSERT INTO catalog_offer (provider_id, service_id, country_id, cost, count, is_enabled)
SELECT %(provider)s, n.service, n.country, n.cost, n.count, true FROM new_offer n
WHERE NOT EXISTS (SELECT FROM catalog_offer o WHERE o.provider_id = %(provider)s
    AND o.service_id = n.service AND o.country_id = n.country)
RETURNING service_id, country_id
"""


class Refused(Exception):
    """The provider's catalogue could not be read, or is not believable; the old one stays."""


class Busy(Refused):
    """Another sync of the same provider is running."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    countries: list[CountryRow]
    services: list[ServiceRow]
    offers: list[OfferRow]


def sync_catalogue(provider: Provider, *, believe: bool = False) -> int:
    """Bring this provider's offers and the price list up to date; how many of its offers changed.

    believe: also where the reply has shrunk. No transaction is open while the provider is read.
    Raises Refused, and keeps the reason on the row; raises Busy.
    """
    with _alone(provider):
        try:
            catalogue = _read(provider)
            if not believe:
                _check_size(provider, catalogue)
        except Refused as refusal:
            raise_alarm("catalogue_refused", provider.name, reason=refusal)
            Provider.objects.filter(pk=provider.pk).update(sync_error=str(refusal)[:200])
            raise
        changed = _store(provider, catalogue)
        refresh_names()
        Provider.objects.filter(pk=provider.pk).update(synced_at=Now(), sync_error="")
        clear_alarm("catalogue_refused", provider.name)
    return changed


@contextmanager
def _alone(provider: Provider) -> Iterator[None]:
    """Held by the connection, not by a transaction; so that an older reply never overwrites a newer one."""
    key = [SYNC_LOCK, provider.pk]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        if not cursor.fetchone()[0]:
            raise Busy("another sync of it is running")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def _read(provider: Provider) -> Catalogue:
    adapter = upstream_for(provider)
    try:
        return Catalogue(adapter.countries(), adapter.services(), adapter.offers())
    except UpstreamError as error:
        raise Refused(f"the provider could not be read: {error.token or type(error).__name__}") from error


def _check_size(provider: Provider, catalogue: Catalogue) -> None:
    in_stock = sum(offer.count > 0 for offer in catalogue.offers)
    before = Offer.objects.filter(provider=provider, count__gt=0).count()
    if in_stock == 0 or in_stock < before * LEAST_SHARE:
        raise Refused(f"{in_stock} pairs in stock, after {before} the last time")


@transaction.atomic
def _store(provider: Provider, catalogue: Catalogue) -> int:
    lock_catalogue()
    Country.objects.bulk_create(naming.new_countries(catalogue.countries, catalogue.offers))
    Service.objects.bulk_create(naming.new_services(catalogue.services, catalogue.offers))
    lines = "".join(_lines(provider, catalogue.offers))
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        with cursor.copy("COPY new_offer FROM STDIN") as copy:
            copy.write(lines)
        cursor.execute("ANALYZE new_offer")
        changed = [*_run(cursor, _CHANGED, provider), *_run(cursor, _SOLD_OUT, provider)]
        added = _run(cursor, _ADDED, provider)
        cursor.execute("DROP TABLE new_offer")
    _show(changed + added, are_new=bool(added))
    rank_anew()
    return len(changed) + len(added)


def _show(pairs: list[Pair], *, are_new: bool) -> None:
    """The list of countries may have grown even where no price has changed."""
    if not pairs:
        return
    rebuilt = rebuild_price_list(pairs if len(pairs) < WHOLE_LIST_FROM else None)
    if are_new and not rebuilt:
        touch_lists()


def _lines(provider: Provider, offers: Iterable[OfferRow]) -> Iterator[str]:
    """As COPY reads them. Codes need no escaping: the adapter lets letters and digits pass."""
    services = set(Service.objects.values_list("code", flat=True))
    for offer in offers:
        cost = dollars(offer.cost, provider.usd_rate)
        if offer.service in services and cost <= MAX_COST:
            yield f"{offer.service}\t{offer.country}\t{cost}\t{offer.count}\n"


def _run(cursor: Any, statement: str, provider: Provider) -> list[Pair]:
    cursor.execute(statement, {"provider": provider.pk})
    pairs: list[Pair] = cursor.fetchall()
    return pairs
