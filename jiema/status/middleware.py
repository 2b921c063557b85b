from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from jiema.status import views

PAGES = {"/status": views.page, "/status.json": views.as_json}


class StatusMiddleware:
    """Answers for the status before anything is asked that may be what is broken: sessions, accounts, the database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return PAGES.get(request.path_info, self.get_response)(request)
