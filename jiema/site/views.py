"""Pages for everybody that belong to no room."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from catalog.selectors import find_services, shop_odds

POPULAR = 12


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """What the shop is and what it asks, as of this moment. Two queries for who is not signed in."""
    shown = {"services": find_services()[:POPULAR], "odds": shop_odds(), "api": f"{settings.SITE_URL}/api/v1"}
    return render(request, "jiema/front.html", shown)


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    return render(request, "jiema/terms.html")
