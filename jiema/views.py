from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from jiema import health


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"ok": True})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """503 with what is missing: database, migrations, Valkey, the catalogue's age."""
    checks = health.checks()
    ready = all(check.ok for check in checks)
    body = {"ok": ready, "checks": {check.name: check.detail for check in checks}}
    return JsonResponse(body, status=200 if ready else 503)
