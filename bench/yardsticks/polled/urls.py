"""Each open page asks the session's view every other second; it answers 204 while nothing changed."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jiema.views import healthz
from orders.models import Sms
from orders.selectors import order_for
from orders.services.lifecycle import database_now
from orders.services.syncing import sync_if_stale


@require_safe
@never_cache
def live(request: HttpRequest, order_id: str) -> HttpResponse:
    order = order_for(str(request.user.pk), order_id)
    if sync_if_stale(order.pk):
        order = order_for(str(request.user.pk), order_id)
    shown = list(Sms.objects.filter(order=order).order_by("-id"))
    database_now()  # for the seconds that are left
    state = f"{order.status}-{'n' if order.phone else ''}-{len(shown)}"
    return HttpResponse(status=204 if state == request.GET.get("seen") else 200)


urlpatterns = [path("polled/<str:order_id>", live), path("healthz", healthz)]
