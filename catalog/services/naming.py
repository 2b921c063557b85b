"""Names and slugs for what a provider lists: from our own reference, else from what the provider says."""

from collections.abc import Iterable

import structlog
from babel import Locale
from django.utils.text import slugify

from catalog.models import Country, Service
from catalog.upstream import reference
from catalog.upstream.types import CountryRow, OfferRow, ServiceRow

NOT_FOR_SALE = frozenset({"full"})  # the rent of a whole number
UNLISTED = 1_000_000
"""The position of services that the reference does not know: last."""
log = structlog.get_logger(__name__)


def new_countries(listed: Iterable[CountryRow], offers: Iterable[OfferRow]) -> list[Country]:
    """Every country that is listed or has an offer, and that we don't have yet."""
    told = {row.country: row.name for row in listed}
    known = {each.id: each for each in reference.countries()}
    have = dict(Country.objects.values_list("id", "slug"))
    taken = {each.slug for each in known.values()} | set(have.values())
    ids = (told.keys() | {offer.country for offer in offers}) - have.keys()
    return [_country(country, known.get(country), told.get(country, ""), taken) for country in sorted(ids)]


def _country(country: int, known: reference.Country | None, told: str, taken: set[str]) -> Country:
    if known is None:
        slug = _free_slug(f"country-{country}", taken)
        return Country(id=country, slug=slug, name=told[:80] or f"Country {country}")
    name = Locale("en").territories.get(known.iso2, known.name)
    is_second = known.slug != known.iso2.lower()
    return Country(id=country, iso2=known.iso2, slug=known.slug, name=f"{name} (virtual)" if is_second else name)


def new_services(listed: Iterable[ServiceRow], offers: Iterable[OfferRow]) -> list[Service]:
    """Every service for sale that is listed or has an offer, and that we don't have yet.

    A code that equals another service's slug stays out: whoever orders by that slug would get the wrong service.
    """
    told = {row.code: row.name for row in listed}
    known = {each.code: (position, each) for position, each in enumerate(reference.services())}
    have = dict(Service.objects.values_list("slug", "code"))
    owners = {each.slug: each.code for _, each in known.values()} | have
    codes = (told.keys() | {offer.service for offer in offers}) - NOT_FOR_SALE - set(have.values())
    clashing = {code for code in codes if owners.get(code, code) != code}
    if clashing:
        log.error("service_codes_clash", codes=sorted(clashing))
    taken = owners.keys() | known.keys() | codes | set(have.values())
    return [_service(code, known.get(code), told.get(code, ""), taken) for code in sorted(codes - clashing)]


def _service(code: str, known: tuple[int, reference.Service] | None, told: str, taken: set[str]) -> Service:
    if known is None:
        slug = _free_slug(slugify(told) or f"service-{code}", taken)
        return Service(code=code, slug=slug, name=told[:120] or code, position=UNLISTED)
    position, service = known
    return Service(code=code, slug=service.slug, name=service.name, position=position)


def _free_slug(wish: str, taken: set[str]) -> str:
    slug, number = wish[:70], 2
    while slug in taken:
        slug, number = f"{wish[:70]}-{number}", number + 1
    taken.add(slug)
    return slug
