import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from structlog.contextvars import bound_contextvars

from jiema.site import errors

Respond = Callable[[HttpRequest], HttpResponseBase]

# What goes on while the shop is being worked on: whoever works on it needs its health, and the admin with its sign-in.
STAYS_OPEN = ("/healthz", "/readyz", "/metrics", "/status", "/status.json", "/robots.txt")
STAYS_OPEN_BELOW = ("/admin/", "/accounts/login/", "/accounts/2fa/", "/accounts/reauthenticate/")


class RequestIdMiddleware:
    """Every reply of a page has an id of its own, which each line that is logged meanwhile carries, too."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = secrets.token_hex(12)
        request.request_id = request_id  # type: ignore[attr-defined]
        with bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class MaintenanceMiddleware:
    """While MAINTENANCE is set, every page but a few is one that says so."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if settings.MAINTENANCE and path not in STAYS_OPEN and not path.startswith(STAYS_OPEN_BELOW):
            return errors.maintenance(request)
        return self.get_response(request)
