from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from rest_framework.exceptions import ParseError
from rest_framework.exceptions import UnsupportedMediaType as DrfUnsupportedMediaType
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from jiema.api import limits
from jiema.api.addresses import client_address, is_within
from jiema.api.authentication import Caller, Ride, authenticate, refuse_key_in_query
from jiema.api.envelope import JSON_TYPE
from jiema.api.errors import (
    BadRequest,
    Forbidden,
    MethodNotAllowed,
    NotFound,
    RateLimited,
    ReadOnlyKey,
    UnsupportedMediaType,
    WrongAddress,
)


class ApiView(APIView):
    """Base of every endpoint: method, key, account, the key's own bounds, limit, body, in this order; then the handler.

    self.caller: who calls. self.cargo: what `ride` brought along with the key's look-up.
    """

    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    default_response_headers = {}  # the middleware adds what every reply carries
    is_write = False
    caller: Caller
    cargo: Any

    def ride(self, **kwargs: str) -> Ride | None:
        return None

    def buckets(self) -> list[limits.Bucket]:
        caller = self.caller
        if self.is_write:
            limit = caller.write_limit or settings.API_WRITES_PER_WINDOW
            return [limits.Bucket(f"write:{caller.key_id}", limit)]
        return [limits.Bucket(f"read:{caller.key_id}", caller.read_limit or settings.API_READS_PER_WINDOW)]

    def initial(self, request: Request, *args: Any, **kwargs: str) -> None:
        self._check_method(request)
        self.caller, self.cargo = authenticate(request._request, self.ride(**kwargs))
        address = client_address(request._request)
        verdict = limits.check(self.buckets(), limits.Use(self.caller.key_id, address))
        request._request.rate_limit = verdict  # type: ignore[attr-defined]
        self._check_access(address)
        if not verdict.allowed:
            raise RateLimited(retry_after=verdict.reset)
        refuse_key_in_query(request._request)

    def _check_access(self, address: str) -> None:
        """Raises Forbidden."""
        caller = self.caller
        if caller.is_blocked:
            raise Forbidden
        if caller.networks and not is_within(address, caller.networks):
            raise WrongAddress(address)
        if caller.is_read_only and self.is_write:
            raise ReadOnlyKey

    def _check_method(self, request: Request) -> None:
        if request.method is None or request.method.lower() not in self.allowed:
            raise MethodNotAllowed([name.upper() for name in self.allowed])

    @property
    def allowed(self) -> list[str]:
        return [name for name in ("get", "post") if hasattr(self, name)]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return self.renderer_classes[0](), JSON_TYPE

    def handle_exception(self, exc: Exception) -> Any:
        raise exc  # one place renders errors: the middleware

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        return response

    def body(self, serializer_class: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """The request's JSON object, checked by the serializer. Raises BadRequest naming the field."""
        data = read_json(self.request)
        serializer = serializer_class(data=data)
        unknown = sorted(set(data) - set(serializer.fields))  # type: ignore[attr-defined]
        if unknown:
            raise BadRequest(f"Unknown field: {unknown[0]}.")
        return check(serializer)


def check(serializer: BaseSerializer[Any]) -> dict[str, Any]:
    if not serializer.is_valid():
        errors: dict[str, Any] = dict(serializer.errors)
        field, reasons = next(iter(errors.items()))
        raise BadRequest(f"{field}: {reasons[0]}")
    return dict(serializer.validated_data)


def read_json(request: Request) -> dict[str, Any]:
    """The body as an object; an empty body is an empty object."""
    if not request._request.body:
        return {}
    try:
        data = request.data
        refuse_unprintable(data)
    except DrfUnsupportedMediaType as error:
        raise UnsupportedMediaType from error
    except (ParseError, RecursionError) as error:
        raise BadRequest("The body is not valid JSON.") from error
    if not isinstance(data, dict):
        raise BadRequest("The body has to be a JSON object.")
    return data


def refuse_unprintable(data: Any) -> None:
    """NUL and lone surrogates fit neither PostgreSQL nor UTF-8."""
    if isinstance(data, str):
        if "\0" in data or any("\ud800" <= char <= "\udfff" for char in data):
            raise BadRequest("The body holds a NUL byte or a lone surrogate.")
    elif isinstance(data, dict):
        for key, value in data.items():
            refuse_unprintable(key)
            refuse_unprintable(value)
    elif isinstance(data, list):
        for value in data:
            refuse_unprintable(value)


def not_found(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
    raise NotFound
