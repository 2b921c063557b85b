"""What comes after the purchase: an order's page, and the list of all of them."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.web import CustomerRequest
from jiema.api.errors import DomainError, NotFound
from jiema.web import limited, page_of, tell
from orders.errors import CodeReceived
from orders.history import HistoryForm
from orders.models import Order, Status
from orders.panel import Panel, panel_for
from orders.screen import Card
from orders.selectors import order_for
from orders.services.cancelling import cancel_order
from orders.services.lifecycle import database_now
from orders.services.next_sms import request_next_sms


@require_safe
@never_cache
@login_required
def order_list(request: CustomerRequest) -> HttpResponse:
    form = HistoryForm(request.GET, request.user.pk)
    form.is_valid()
    page, cursor = page_of(form.orders().select_related("service", "country"), request.GET.get("before"))
    now = database_now()
    shown = {"form": form, "cards": [Card.of(each, now) for each in page], "cursor": cursor}
    return render(request, "orders/list.html", shown)


@require_safe
@never_cache
@login_required
def order(request: CustomerRequest, order_id: str) -> HttpResponse:
    return render(request, "orders/order.html", {"panel": _panel_or_404(request, order_id)})


@require_safe
@never_cache
def live(request: HttpRequest, order_id: str = "") -> HttpResponse:
    """The part of a page that changes; who is signed out meanwhile is sent to sign in."""
    if not request.user.is_authenticated:
        return HttpResponseClientRefresh()
    shown = {"panel": _panel_or_404(request, order_id), "is_update": True}
    return render(request, "orders/_watch.html", shown)


def _panel_or_404(request: HttpRequest, order_id: str) -> Panel:
    try:
        return panel_for(request, str(request.user.pk), order_id)
    except NotFound as error:
        raise Http404 from error


def _order_or_404(user_id: str, order_id: str) -> Order:
    try:
        return order_for(user_id, order_id)
    except NotFound as error:
        raise Http404 from error


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
    except CodeReceived:
        messages.info(request, _("The SMS was faster than your cancel: here it is, and the number stays paid."))
    except DomainError as refusal:
        tell(request, refusal)
    return redirect("order", order_id)
