"""Pages for when something went wrong. What fails itself here is followed by something simpler, to the last resort."""

import sys
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_ratelimit.exceptions import Ratelimited

from jiema.site.bare import bare

DATABASE_RETRY_SECONDS = 5
LIMIT_SECONDS = 60
"""The window of the limits on forms, but for the few that count by the hour."""
LAST_RESORT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>jiema</title></head>
<body><h1>Something went wrong on our side</h1>
<p>If something was bought or paid, it is on your statement: look there before you try again.</p>
<p>Request: {request_id}</p></body></html>
"""
log = structlog.get_logger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _bare(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, or 429 where it was one POST too many."""
    if not isinstance(exception, Ratelimited):
        return render(request, "403.html", status=403)
    response = render(request, "429.html", status=429)
    response["Retry-After"] = str(LIMIT_SECONDS)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500; or 503 where the database is away. Needs neither database nor Valkey nor who asks."""
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        return _database_away(request, error)
    return _bare(request, 500)


def _database_away(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("database_away", error=type(error).__name__)
    response = _bare(request, 503)
    response["Retry-After"] = str(DATABASE_RETRY_SECONDS)
    response._has_been_logged = True  # type: ignore[attr-defined]  # a traceback a request would tell no more
    return response


def maintenance(request: HttpRequest) -> HttpResponse:
    response = _bare(request, 503, is_maintenance=True)
    response["Retry-After"] = str(settings.MAINTENANCE_RETRY_SECONDS)
    return response


def _bare(request: HttpRequest, status: int, **shown: Any) -> HttpResponse:
    """Never raises."""
    request_id = str(getattr(request, "request_id", ""))
    try:
        page = bare(request, f"{status}.html", shown | {"request_id": request_id})
    except Exception:
        log.exception("error_page_failed", status=status)
        page = LAST_RESORT.format(request_id=request_id)
    return HttpResponse(page, status=status, headers={"Cache-Control": "no-store"})
