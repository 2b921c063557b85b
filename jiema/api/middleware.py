import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings
from django.core.handlers.wsgi import LimitedStream
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, resolve

from jiema.alarms.services import raise_fault
from jiema.api.envelope import failure
from jiema.api.errors import DomainError, Internal, NotFound, TooLarge, Unavailable
from jiema.api.limits import Verdict

MAX_BODY_BYTES = 16 * 1024
Route = tuple[Callable[..., HttpResponseBase], tuple[Any, ...], dict[str, Any]]
log = structlog.get_logger(__name__)


class ApiMiddleware:
    """First in the chain: answers everything under /api/ itself.

    The API needs no session, no CSRF token and no template, and does not pay for the middlewares that
    bring them. Every reply is JSON in the envelope, whatever happens.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith("/api/") or request.path_info == "/api":
            return answer(request)
        return self.get_response(request)


def answer(request: HttpRequest) -> HttpResponseBase:
    request_id = secrets.token_hex(12)
    response = _respond(request, request_id)
    response["X-Request-Id"] = request_id
    response.headers.setdefault("Cache-Control", "no-store")
    response["X-Content-Type-Options"] = "nosniff"
    if isinstance(response, HttpResponse) and response.status_code != 304:
        response["Content-Length"] = str(len(response.content))
    verdict: Verdict | None = getattr(request, "rate_limit", None)
    if verdict and response.status_code != 401:  # a key may end while its call runs
        response["RateLimit-Limit"] = str(verdict.limit)
        response["RateLimit-Remaining"] = str(verdict.remaining)
        response["RateLimit-Reset"] = str(verdict.reset)
    return response


def _respond(request: HttpRequest, request_id: str) -> HttpResponseBase:
    try:
        _require_open()
        _check_size(request)
        view, args, kwargs = _route(request.path_info)
        response: HttpResponseBase = view(request, *args, **kwargs)
        return response
    except DomainError as refusal:
        return failure(refusal)
    except Resolver404:
        return failure(NotFound())
    except (OperationalError, InterfaceError) as error:
        log.error("database_away", request_id=request_id, error=type(error).__name__)
        return failure(Unavailable(retry_after=2))
    except Exception as error:
        log.exception("request_failed", request_id=request_id, method=request.method, path=request.path)
        raise_fault(error, request_id=request_id)
        return _internal(request_id)


def _require_open() -> None:
    if settings.MAINTENANCE:
        text = "The shop is being worked on; please try again later."
        raise Unavailable(text, retry_after=settings.MAINTENANCE_RETRY_SECONDS)


def _route(path: str) -> Route:
    """Raises Resolver404."""
    return _remembered_route(path) if len(path) < 100 else _find_route(path)


def _find_route(path: str) -> Route:
    match = resolve(path)
    return match.func, match.args, match.kwargs


# Clients poll the same few thousand orders; finding the view each time costs as much as running it.
_remembered_route = lru_cache(maxsize=8192)(_find_route)


def _internal(request_id: str) -> HttpResponse:
    return failure(Internal(), requestId=request_id)


def _check_size(request: HttpRequest) -> None:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
        raise TooLarge
    if request.method == "POST" and not request.META.get("CONTENT_LENGTH"):
        _measure_while_reading(request)


def _measure_while_reading(request: HttpRequest) -> None:
    """A chunked body tells no length, and Django takes it for empty. It is read where it is needed, after the key."""
    if request.META.get("wsgi.input_terminated"):
        request.META["CONTENT_LENGTH"] = str(MAX_BODY_BYTES)
        request._stream = Unmeasured(request.META["wsgi.input"], MAX_BODY_BYTES + 1)  # type: ignore[assignment]


class Unmeasured(LimitedStream):
    def read(self, size: int | None = -1, /) -> bytes:
        """Raises TooLarge."""
        body = bytes(super().read(size))
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge
        return body
