"""Names and slugs for what a provider lists: from our own reference, else from what the provider says."""

from collections.abc import Iterable

from babel import Locale
from django.utils.text import slugify

from catalog.models import Service
from catalog.upstream import reference
from catalog.upstream.types import CountryRow, OfferRow, ServiceRow

NOT_FOR_SALE = frozenset({"full"})  # the rent of a whole number
UNLISTED = 1_000_000
"""Services that the reference does not know come last."""


def countries(listed: Iterable[CountryRow], offers: Iterable[OfferRow]) -> list[tuple[int, str, str, str]]:
    """(id, ISO 3166-1 alpha-2, slug, name) of every country that is listed or has an offer."""
    names = {row.country: row.name for row in listed}
    ids = names.keys() | {offer.country for offer in offers}
    return [_country(country, names.get(country, "")) for country in sorted(ids)]


def _country(country: int, told: str) -> tuple[int, str, str, str]:
    known = next((each for each in reference.countries() if each.id == country), None)
    if known is None:
        return country, "", f"country-{country}", told[:80] or f"Country {country}"
    name = Locale("en").territories.get(known.iso2, told)
    return country, known.iso2, known.slug, name if known.slug == known.iso2.lower() else f"{name} (virtual)"


def services(listed: Iterable[ServiceRow], offers: Iterable[OfferRow]) -> list[tuple[str, str, str, int]]:
    """(code, slug, name, position) of every service for sale that is listed or has an offer."""
    names = {row.code: row.name for row in listed}
    codes = (names.keys() | {offer.service for offer in offers}) - NOT_FOR_SALE
    known = {each.code: (position, each) for position, each in enumerate(reference.services())}
    taken = codes | set(known) | set(Service.objects.values_list("slug", flat=True))
    rows = []
    for code in sorted(codes, key=lambda code: known[code][0] if code in known else UNLISTED):
        if code in known:
            position, service = known[code]
            rows.append((code, service.slug, service.name, position))
        else:
            slug = _free_slug(slugify(names.get(code, "")) or f"service-{code}", taken)
            rows.append((code, slug, names.get(code) or code, UNLISTED))
    return rows


def _free_slug(wish: str, taken: set[str]) -> str:
    slug, number = wish[:70], 2
    while slug in taken:
        slug, number = f"{wish[:70]}-{number}", number + 1
    taken.add(slug)
    return slug
