"""The docs: for everybody, signed in or not."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jiema.docs import endpoints, errors, pages


@require_safe
def page(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """slug: None for /docs itself. Raises Http404."""
    found = next((each for each in pages.pages() if each.slug == (slug or "")), None)
    if found is None:
        raise Http404
    before, behind = pages.neighbours(found)
    shown = {
        "page": found,
        "groups": pages.GROUPS,
        "before": before,
        "behind": behind,
        "limits": _limits(),
        "brake": {"orders": settings.CANCEL_BRAKE_ORDERS, "percent": settings.CANCEL_BRAKE_PERCENT},
        "refusals": errors.refusals(),
    }
    return render(request, found.template, shown | (_endpoint(found.endpoint) if found.endpoint else {}))


def _limits() -> dict[str, int]:
    """Calls a minute of a key that has no limits of its own."""
    return {
        "reads": settings.API_READS_PER_WINDOW,
        "writes": settings.API_WRITES_PER_WINDOW,
        "polls": settings.API_ORDER_POLLS_PER_WINDOW,
        "key_polls": settings.API_KEY_POLLS_PER_WINDOW,
        "failures": settings.API_FAILED_KEYS_PER_WINDOW,
    }


def _endpoint(endpoint: endpoints.Endpoint) -> dict[str, Any]:
    return {
        "endpoint": endpoint,
        "about": f"docs/endpoints/{endpoint.slug}.html",
        "parameters": endpoints.parameters(endpoint),
        "body_fields": endpoints.body_fields(endpoint),
        "reply_fields": endpoints.reply_fields(endpoint),
        "own_errors": errors.refusals_called(endpoint.errors),
    }
