import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from catalog import selectors
from catalog.api.serializers import CountryList, PriceList, PriceQuery, ServiceList
from jiema.api.authentication import Ride
from jiema.api.envelope import JSON_TYPE, success_body, to_json
from jiema.api.views import ApiView, check, refuse_unprintable

MAX_AGE_SECONDS = 3  # with the time that a new price list takes, a change by ops shows within 5 s
# With its moment, so that a version that comes again after a restored backup is another one.
_VERSION = Ride(
    "SELECT version || '-' || (extract(epoch FROM changed_at) * 1000000)::bigint"
    " FROM catalog_catalogueversion WHERE id = 1"
)


@dataclass(frozen=True, slots=True)
class Rendered:
    plain: bytes
    zipped: bytes


@lru_cache(maxsize=512)
def _rendered(read: Callable[..., Any], argument: str, version: str) -> Rendered:
    """The reply's bytes for one version of the catalogue, made once in each process."""
    found = read(argument) if argument else {"items": read()}
    body = success_body(to_json(found))
    return Rendered(body, gzip.compress(body, 6, mtime=0))


def _reads_gzip(accepted: str) -> bool:
    """From an Accept-Encoding header, where a weight of zero means no."""
    for coding in accepted.split(","):
        name, _, weight = coding.partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return weight.strip().lower().rstrip("0.") != "q="
    return False


class CatalogueView(ApiView):
    """A list that changes only with the catalogue's version, which comes along with the key's look-up."""

    def ride(self, **kwargs: str) -> Ride:
        return _VERSION

    def serve(self, request: Request, read: Callable[..., Any], argument: str = "") -> HttpResponse:
        rendered = _rendered(read, argument, self.cargo)
        tag = f'W/"{self.cargo}"'
        response: HttpResponse
        if tag in parse_etags(request.headers.get("If-None-Match", "")):
            response = HttpResponseNotModified()
        elif _reads_gzip(request.headers.get("Accept-Encoding", "")):
            response = HttpResponse(rendered.zipped, content_type=JSON_TYPE)
            response["Content-Encoding"] = "gzip"
        else:
            response = HttpResponse(rendered.plain, content_type=JSON_TYPE)
        response["ETag"] = tag
        response["Cache-Control"] = f"private, max-age={MAX_AGE_SECONDS}"
        response["Vary"] = "Accept-Encoding, Authorization, X-API-Key"
        return response


class Services(CatalogueView):
    """Services with stock."""

    @extend_schema(operation_id="listServices", responses=ServiceList)
    def get(self, request: Request) -> HttpResponse:
        return self.serve(request, selectors.services_on_sale)


class Countries(CatalogueView):
    """Countries that are or were on sale here, with stock now or without; `id` is what an order takes."""

    @extend_schema(operation_id="listCountries", responses=CountryList)
    def get(self, request: Request) -> HttpResponse:
        return self.serve(request, selectors.countries_on_sale)


class Prices(CatalogueView):
    """The prices of one service, cheapest first."""

    @extend_schema(operation_id="listPrices", parameters=[PriceQuery], responses=PriceList)
    def get(self, request: Request) -> HttpResponse:
        wish = request.query_params.dict()
        refuse_unprintable(wish)
        service = check(PriceQuery(data=wish))["service"]
        return self.serve(request, selectors.price_list, service)
