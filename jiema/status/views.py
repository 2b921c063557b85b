from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from jiema.site.bare import bare
from jiema.status.probes import Figures
from jiema.status.snapshot import KEPT_SECONDS, Part, Snapshot, snapshot

CACHE = f"public, max-age={KEPT_SECONDS:.0f}"
FIELDS = {"asked": "ordered", "got": "numbers", "over": "numbersOver", "codes": "codes"}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """For people. Needs nobody signed in and, to say that it is away, no database."""
    shown = {"shop": snapshot(), "here": "/status"}
    response = HttpResponse(bare(request, "jiema/status.html", shown), headers={"Cache-Control": CACHE})
    patch_vary_headers(response, ("Accept-Language", "Cookie"))
    return response


@require_safe
def as_json(request: HttpRequest) -> HttpResponse:
    """For programs: English, times in UTC."""
    with translation.override("en"):
        return JsonResponse(_told(snapshot()), headers={"Cache-Control": CACHE})


def _told(shop: Snapshot) -> dict[str, Any]:
    return {
        "status": shop.state,
        "maintenance": shop.is_maintenance,
        "salesPaused": shop.sales_paused_since is not None,
        "checkedAt": shop.at,
        "parts": [_part(each) for each in shop.parts],
        "lastHour": _figures(shop.hour),
        "lastDay": _figures(shop.day),
    }


def _part(part: Part) -> dict[str, Any]:
    days = [{"date": day.day, "up": day.up, "impaired": day.impaired, "down": day.down} for day in part.past.days]
    told = {"id": part.now.part, "name": str(part.now.name), "status": part.now.state, "message": str(part.now.text)}
    return told | {"since": part.now.since, "minutesByDay": days}


def _figures(figures: Figures | None) -> dict[str, int] | None:
    return {told: getattr(figures, name) for name, told in FIELDS.items()} if figures else None
