"""A customer's first page: money, search, what is open, what was bought before."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.wallet.selectors import has_income
from accounts.web import CustomerRequest
from catalog.models import Price
from catalog.selectors import find_services, prices_of_pairs
from orders.models import OPEN, Order
from orders.panel import panel_for
from orders.screen import Card
from orders.selectors import has_code, orders_of
from orders.services.lifecycle import database_now

QUICK, RECENT, LOOKED_BACK, PAIRS = 6, 8, 30, 4


@dataclass(frozen=True, slots=True)
class Steps:
    """From a new account to a first code."""

    has_money: bool
    has_order: bool
    has_code: bool


@require_safe
@never_cache
@login_required
def dashboard(request: CustomerRequest) -> HttpResponse:
    user_id: str = request.user.pk
    panel = panel_for(request, user_id)
    newest = list(orders_of(user_id).select_related("service", "country")[:LOOKED_BACK])
    now = database_now()
    shown = {
        "panel": panel,
        "steps": _steps(user_id, newest),
        "recent": [Card.of(order, now) for order in newest if order.status not in OPEN][:RECENT],
        "again": _again(newest),
        "services": find_services()[:QUICK],
    }
    return render(request, "jiema/dashboard.html", shown)


def _steps(user_id: str, newest: list[Order]) -> Steps:
    return Steps(bool(newest) or has_income(user_id), bool(newest), bool(newest) and has_code(user_id))


def _again(newest: list[Order]) -> list[Price]:
    """The pairs that were bought last and are on sale, at today's price."""
    pairs = list(dict.fromkeys((order.service_id, order.country_id) for order in newest))[:PAIRS]
    found = {(price.service_id, price.country_id): price for price in prices_of_pairs(pairs)}
    return [found[pair] for pair in pairs if pair in found]
