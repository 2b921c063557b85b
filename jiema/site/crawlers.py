"""What programs that visit pages look for: which pages there are, in which languages, and whom to tell of a hole."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from catalog.selectors import find_services
from jiema.docs import pages as docs
from jiema.site import contact

# Pages of one customer, of ops, and of programs.
PRIVATE = ("/account/", "/accounts/", "/admin/", "/api/", "/dashboard", "/orders", "/r/", "/webhooks/")
ICONS = (
    ("img/jiema.svg", "any", "image/svg+xml", "any"),
    ("img/icon-192.png", "192x192", "image/png", "any"),
    ("img/icon-512.png", "512x512", "image/png", "any"),
    ("img/icon-maskable-512.png", "512x512", "image/png", "maskable"),
)
# The stylesheet's --paper and --signal in the light theme; a manifest has no second one.
PAPER, SIGNAL = "#f1f3f5", "#c2410c"
HOUR = cache_control(public=True, max_age=3600)


@require_safe
@HOUR
def robots(request: HttpRequest) -> HttpResponse:
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in PRIVATE),
        "",
        f"Sitemap: {settings.SITE_URL}/sitemap.xml",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
@HOUR
def sitemap(request: HttpRequest) -> HttpResponse:
    """Each public page with its languages. Two queries."""
    shown = {"pages": [settings.SITE_URL + path for path in _paths()], "languages": settings.LANGUAGES}
    return render(request, "jiema/sitemap.xml", shown, content_type="application/xml; charset=utf-8")


def _paths() -> Iterator[str]:
    yield reverse("front")
    yield reverse("buy")
    for each in find_services():
        yield reverse("counter", args=[each.service.slug])
    yield from docs.urls()
    yield reverse("status")
    yield reverse("terms")


@require_safe
@HOUR
def manifest(request: HttpRequest) -> HttpResponse:
    """So that the shop can be put on a phone's first screen."""
    icons = [
        {"src": static(path), "sizes": sizes, "type": kind, "purpose": purpose} for path, sizes, kind, purpose in ICONS
    ]
    told = {
        "name": "jiema",
        "short_name": "jiema",
        "description": _("Phone numbers for SMS codes, prepaid."),
        "id": "/",
        "start_url": reverse("dashboard"),
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": SIGNAL,
        "icons": icons,
    }
    return JsonResponse(told, content_type="application/manifest+json")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Where browsers look without having been told."""
    return HttpResponseRedirect(static("img/favicon.ico"), headers={"Cache-Control": "public, max-age=86400"})


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """RFC 9116. 404 where the operator has named no contact."""
    if not contact.address():
        raise Http404
    expires = (timezone.now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    lines = [
        f"Contact: {contact.url()}",
        f"Expires: {expires}",
        f"Canonical: {settings.SITE_URL}/.well-known/security.txt",
        "Preferred-Languages: en, id, ms, zh",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
