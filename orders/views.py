import secrets
from typing import cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.web import CustomerRequest
from catalog import selectors as catalog
from catalog.errors import BadService
from jiema.api.errors import DomainError
from jiema.web import limited, tell
from orders.forms import BuyForm
from orders.once import buy_once

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
