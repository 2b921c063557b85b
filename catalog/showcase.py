"""What the pages show of the catalogue."""

from django.db.models import Q, QuerySet

from catalog.errors import BadService
from catalog.models import Price, Service, ServiceSummary


def find_services(query: str, limit: int) -> list[ServiceSummary]:
    """Services with stock whose name holds the query, in the shop's order."""
    found = ServiceSummary.objects.select_related("service").order_by("service__position", "service_id")
    if query:
        found = found.filter(Q(service__name__icontains=query) | Q(service__slug=query.lower()))
    return list(found[:limit])


def service_called(name: str) -> Service:
    """By slug or code. Raises BadService."""
    matches = Service.objects.filter(Q(code=name) | Q(slug=name), is_enabled=True)
    found = sorted(matches, key=lambda each: each.code != name)
    if not found:
        raise BadService
    return found[0]


def prices_of(service: Service, country: str) -> QuerySet[Price]:
    """Cheapest first; of the countries whose name or code holds the words given."""
    prices = Price.objects.filter(service=service).select_related("country")
    if country:
        prices = prices.filter(Q(country__name__icontains=country) | Q(country__slug=country.lower()))
    return prices.order_by("price_cents", "country_id")
