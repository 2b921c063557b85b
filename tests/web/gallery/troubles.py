"""Pages for when something went wrong."""

from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.csrf import csrf_failure
from django_ratelimit.exceptions import Ratelimited

from tests.web.gallery.scene import Scene, plain, shown

plain("not-found", "/nothing", public=True, status=404)
plain("not-found-customer", "/nothing", status=404)


def _broken(name: str, trouble: Exception, status: int) -> None:
    """The front page fails."""

    @shown(name, "", public=True, status=status)
    def _address(scene: Scene) -> str:
        def fail() -> Any:
            raise trouble

        scene.patches.setattr("jiema.site.views.find_services", fail)
        return "/"


_broken("bad-request", SuspiciousOperation("planted"), 400)
_broken("forbidden", PermissionDenied("planted"), 403)
_broken("too-many", Ratelimited("planted"), 429)
_broken("fault", ValueError("planted"), 500)
_broken("database-away", OperationalError("planted"), 503)


@shown("old-form", "", public=True, status=403)
def _old_form(scene: Scene) -> str:
    def refuse(request: HttpRequest, *_: Any) -> HttpResponse:
        return csrf_failure(request, "planted")

    scene.patches.setattr("jiema.site.views.render", refuse)
    return "/"


@shown("maintenance", "", public=True, status=503)
def _maintenance(scene: Scene) -> str:
    scene.settings.MAINTENANCE = True
    return "/"
