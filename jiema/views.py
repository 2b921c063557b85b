import hmac

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language as choose_language

from accounts import services as accounts
from jiema import health
from jiema import metrics as shop_metrics
from jiema.languages import api_code


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


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus. 404 without the token, as everything here is the shop's own business."""
    token = f"Bearer {settings.METRICS_TOKEN}" if settings.METRICS_TOKEN else None
    told = request.headers.get("Authorization", "")
    if not (hmac.compare_digest(token.encode(), told.encode()) if token else settings.DEBUG):
        raise Http404
    return HttpResponse(shop_metrics.exposition(), content_type=shop_metrics.CONTENT_TYPE)


def admin_home(request: HttpRequest) -> HttpResponse:
    """In place of the admin's own sign-in: who comes here is signed in already."""
    return redirect("admin:index")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Kept in a cookie, and with the account of who is signed in; back to the page it was chosen on."""
    response: HttpResponse = choose_language(request)
    chosen = request.POST.get("language", "")
    if request.user.is_authenticated and chosen in dict(settings.LANGUAGES):
        accounts.set_language(request.user.pk, api_code(chosen))
    return response
