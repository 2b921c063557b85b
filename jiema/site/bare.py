"""Pages that stand when all else has fallen: no database, no Valkey, nobody signed in."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import get_template
from django.utils import timezone, translation

from jiema.middleware import browsers_zone


def bare(request: HttpRequest, template: str, shown: dict[str, Any]) -> str:
    """The page's text. No context processor has a part in it: what one of them needs may be what is away."""
    with translation.override(language_of(request)), timezone.override(browsers_zone(request)):
        return str(get_template(template).render({"languages": settings.LANGUAGES} | shown))


def language_of(request: HttpRequest) -> str:
    """The one that the page was to have, where that was known before the failure; else `?lang=`, cookie, browser."""
    known = getattr(request, "LANGUAGE_CODE", None) or request.GET.get("lang")
    if known in dict(settings.LANGUAGES):
        return str(known)
    return translation.get_language_from_request(request)
