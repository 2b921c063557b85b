"""In which language and time zone a page is shown."""

from collections.abc import Callable
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from jiema.languages import ENGLISH, django_code

ZONE_COOKIE = "tz"
GetResponse = Callable[[HttpRequest], HttpResponseBase]


class ReaderMiddleware:
    """Both hold for this request only, so that what the same thread answers next, the API say, is not affected."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        asked = _asked_language(request)
        language = asked or language_of(request)
        request.LANGUAGE_CODE = language  # pages of what went wrong are shown in it, too
        with translation.override(language), timezone.override(zone_of(request)):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        if asked:
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME, asked, max_age=settings.LANGUAGE_COOKIE_AGE, samesite="Lax"
            )
        return response


def _asked_language(request: HttpRequest) -> str | None:
    """By `?lang=`, as links from search engines have it."""
    asked = request.GET.get("lang", "")
    return asked if asked in dict(settings.LANGUAGES) else None


def language_of(request: HttpRequest) -> str:
    """The account's; of who is not signed in the cookie's, then the browser's. Ops' pages are in English."""
    if request.path_info.startswith("/admin/"):
        return ENGLISH
    if request.user.is_authenticated:
        return django_code(request.user.lang)
    return translation.get_language_from_request(request)


def zone_of(request: HttpRequest) -> ZoneInfo:
    """The account's own; else the browser's; else UTC."""
    own = request.user.time_zone if request.user.is_authenticated else ""
    return _zone_called(own) if own else browsers_zone(request)


def browsers_zone(request: HttpRequest) -> ZoneInfo:
    """As its cookie tells; else UTC. Needs nobody to be signed in, and no database."""
    return _zone_called(unquote(request.COOKIES.get(ZONE_COOKIE, "UTC")))


def _zone_called(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # there is no zone of that name, or it is no name at all
        return ZoneInfo("UTC")
