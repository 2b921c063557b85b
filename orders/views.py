import secrets
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.models import User
from accounts.wallet.services import open_debts
from accounts.web import CustomerRequest
from catalog import selectors as catalog
from catalog.errors import BadService
from catalog.models import Service, ServiceSummary
from catalog.search import FoundServices, search_services
from jiema.api.errors import DomainError
from jiema.web import limited, tell
from orders.counter import Sort, counter_of
from orders.errors import PriceChanged
from orders.forms import BuyForm
from orders.once import buy_once

SERVICES_SHOWN = 60
WORDS_LENGTH = 80


# A search asks for a part of the page by the page's own address: no cache may take the one for the other.
_page_or_part = vary_on_headers("HX-Request")


@require_http_methods(["GET", "HEAD", "POST"])
@_page_or_part
@limited("30/m")
def buy(request: HttpRequest) -> HttpResponse:
    """Find a service; and where the buttons of all services' pages lead."""
    if request.method == "POST":
        return _buy(cast(CustomerRequest, request))
    if name := request.GET.get("service"):
        return _moved(request, name)
    words, everything = _words(request, "q"), "all" in request.GET
    found = _services(words, everything=everything)
    if len(found.services) == 1 and words and not found.is_corrected and not request.headers.get("HX-Request"):
        return redirect("counter", found.services[0].service.slug)
    shown = {"services": found.services, "is_corrected": found.is_corrected, "q": words}
    shown["more"] = 0 if words or everything else _count_beyond(found.services)
    template = "orders/_services.html" if request.headers.get("HX-Request") else "orders/buy.html"
    return render(request, template, shown)


def _services(words: str, *, everything: bool) -> FoundServices:
    if words:
        return search_services(words, SERVICES_SHOWN)
    return FoundServices(list(catalog.find_services()[: None if everything else SERVICES_SHOWN]))


def _count_beyond(shown: list[ServiceSummary]) -> int:
    """How many services there are, where that is more than these."""
    count = catalog.find_services().count() if len(shown) == SERVICES_SHOWN else 0
    return count if count > len(shown) else 0


def _words(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "").strip()[:WORDS_LENGTH]


def _service_or_404(name: str) -> Service:
    try:
        return catalog.service_called(name.replace("\0", ""))
    except BadService as error:
        raise Http404 from error


def _moved(request: HttpRequest, name: str) -> HttpResponse:
    """The former address of a service's page."""
    query = request.GET.copy()
    del query["service"]
    address = reverse("counter", args=[_service_or_404(name).slug])
    return redirect(f"{address}?{query.urlencode()}" if query else address, permanent=True)


@require_safe
@_page_or_part
def counter(request: HttpRequest, name: str) -> HttpResponse:
    """The countries of a service; each button posts the price that it shows. name: the service's slug."""
    service = _service_or_404(name)
    if service.slug != name:
        return redirect("counter", service.slug, permanent=True)
    words, sort = _words(request, "country"), request.GET.get("sort", "")
    user = request.user
    shown = {
        "service": service,
        "country": words,
        "counter": counter_of(
            service,
            words,
            Sort(sort) if sort in Sort.values else Sort.COST,
            purse=_purse(user) if isinstance(user, User) else None,
            everything=bool(words) or "all" in request.GET,
        ),
        "sorts": Sort.choices,
        "nonce": secrets.token_hex(16),
    }
    template = "orders/_countries.html" if request.headers.get("HX-Request") else "orders/countries.html"
    return render(request, template, shown)


def _purse(user: User) -> int:
    """What may be spent, US cents; less than nothing where a debt has to be repaid first."""
    return user.wallet.balance_cents - sum(debt.amount_cents - debt.repaid_cents for debt in open_debts(user.pk))


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
    except PriceChanged:
        messages.error(request, _("The price has just risen. Nothing was charged; below is the new price."))
    except DomainError as refusal:
        tell(request, refusal)
        if refusal.order_id:
            messages.info(request, _("The charge went back to your balance."))
    return redirect("counter", _service_or_404(wish.service).slug)
