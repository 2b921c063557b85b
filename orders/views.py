import secrets
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.web import CustomerRequest
from catalog import selectors as catalog
from catalog.errors import BadService
from jiema.api.errors import DomainError, NotFound
from jiema.web import limited, page_of, tell
from orders import selectors
from orders.forms import BuyForm
from orders.models import Order, Status
from orders.once import buy_once
from orders.screen import Screen
from orders.services.cancelling import cancel_order
from orders.services.next_sms import request_next_sms
from orders.services.syncing import sync_if_stale

SERVICES_SHOWN = 60
WORDS_LENGTH = 80


@require_http_methods(["GET", "HEAD", "POST"])
@limited("30/m")
def buy(request: HttpRequest) -> HttpResponse:
    """Find a service, then a country; the button posts the price that it shows."""
    if request.method == "POST":
        return _buy(cast(CustomerRequest, request))
    if request.GET.get("service"):
        return _countries(request, request.GET["service"])
    words = _words(request, "q")
    services = catalog.find_services(words)[:SERVICES_SHOWN]
    if len(services) == 1 and words and not request.headers.get("HX-Request"):
        return redirect(f"{request.path}?service={services[0].service.slug}")
    template = "orders/_services.html" if request.headers.get("HX-Request") else "orders/buy.html"
    return render(request, template, {"services": services, "q": words})


def _words(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "").strip()[:WORDS_LENGTH]


def _countries(request: HttpRequest, name: str) -> HttpResponse:
    try:
        service = catalog.service_called(name.replace("\0", ""))
    except BadService as error:
        raise Http404 from error
    words = _words(request, "country")
    shown = {
        "service": service,
        "country": words,
        "prices": catalog.prices_of(service, words),
        "nonce": secrets.token_hex(16),
    }
    template = "orders/_countries.html" if request.headers.get("HX-Request") else "orders/countries.html"
    return render(request, template, shown)


@login_required
def _buy(request: CustomerRequest) -> HttpResponse:
    form = BuyForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("That form was not complete. Please choose again."))
        return redirect("buy")
    wish = form.wish()
    try:
        return redirect("order", buy_once(request.user.pk, wish))
    except BadService as refusal:
        tell(request, refusal)
        return redirect("buy")
    except DomainError as refusal:
        tell(request, refusal)
        if refusal.order_id:
            messages.info(request, _("The charge went back to your balance."))
    return redirect(f"{request.path}?{urlencode({'service': wish.service})}")


@require_safe
@login_required
def order_list(request: CustomerRequest) -> HttpResponse:
    orders = selectors.orders_of(request.user.pk).select_related("service", "country")
    page, cursor = page_of(orders, request.GET.get("before"))
    return render(request, "orders/list.html", {"orders": page, "cursor": cursor})


def _order_or_404(user_id: str, order_id: str) -> Order:
    try:
        return selectors.order_for(user_id, order_id)
    except NotFound as error:
        raise Http404 from error


@require_safe
@never_cache
@login_required
def order(request: CustomerRequest, order_id: str) -> HttpResponse:
    return render(request, "orders/order.html", {"screen": _screen(request, order_id)})


@require_safe
@never_cache
def live(request: HttpRequest, order_id: str) -> HttpResponse:
    """The part of the order's page that changes; 204 for as long as it has not."""
    if not request.user.is_authenticated:
        return HttpResponseClientRefresh()
    screen = _screen(request, order_id)
    if screen.state == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render(request, "orders/_live.html", {"screen": screen, "is_update": True})


def _screen(request: Any, order_id: str) -> Screen:
    found = _order_or_404(request.user.pk, order_id)
    if sync_if_stale(found.pk):
        found = _order_or_404(request.user.pk, order_id)
    return Screen.of(found)


@require_POST
@login_required
@limited("30/m")
def cancel(request: CustomerRequest, order_id: str) -> HttpResponse:
    found = _order_or_404(request.user.pk, order_id)
    if found.status == Status.CANCELLED:
        return redirect("order", order_id)
    return _do(request, cancel_order, order_id)


@require_POST
@login_required
@limited("30/m")
def next_sms(request: CustomerRequest, order_id: str) -> HttpResponse:
    _order_or_404(request.user.pk, order_id)
    return _do(request, request_next_sms, order_id)


def _do(request: CustomerRequest, verb: Callable[[str, str], None], order_id: str) -> HttpResponse:
    try:
        verb(request.user.pk, order_id)
    except DomainError as refusal:
        tell(request, refusal)
    return redirect("order", order_id)
