import re
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.topups import methods
from accounts.topups.forms import SentForm, TopUpForm
from accounts.topups.models import CREDITED, UNPAID, Method, PaymentMethod, TopUp, TopUpState
from accounts.topups.selectors import top_up_for, usual_seconds, worthless
from accounts.topups.services.bank import mark_sent
from accounts.topups.services.confirming import refresh
from accounts.topups.services.starting import open_payment, start_top_up
from accounts.topups.times import usual_time
from accounts.wallet.services import open_debts
from accounts.web import CustomerRequest
from jiema.api.errors import DomainError
from jiema.api.ids import new_id
from jiema.web import limited, page_of, same_site_path, tell

AMOUNT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,2})?")
# For so long a page of a payment that is over goes on looking whether it came after all.
LATE = timedelta(days=1)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
@limited("20/m")
def top_up(request: CustomerRequest) -> HttpResponse:
    """A preset is a button of the form, so that it works without script."""
    answer = request.POST.copy()
    if preset := request.POST.get("preset"):
        answer["amount"] = preset
    offered = methods.offered()
    missing = _missing_cents(request)
    initial = {"form": new_id(), "next": same_site_path(request.GET.get("next")), "amount": _least(missing, offered)}
    form = TopUpForm(answer if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            return _to_the_gateway(open_payment(_start(request, form)))
        except DomainError as refusal:
            tell(request, refusal)
    history, cursor = page_of(TopUp.objects.filter(user=request.user), request.GET.get("before"))
    owed = sum(debt.amount_cents - debt.repaid_cents for debt in open_debts(request.user.pk))
    took = usual_seconds()
    ways = [(each, usual_time(each, took.get(each.gateway))) for each in offered]
    shown = {"form": form, "ways": ways, "missing": missing, "history": history, "cursor": cursor, "owed": owed}
    return render(request, "topups/top_up.html", shown)


def _start(request: CustomerRequest, form: TopUpForm) -> TopUp:
    wish = form.cleaned_data
    return start_top_up(request.user.pk, wish["method"], wish["amount"], wish["form"], wish["next"])


def _missing_cents(request: HttpRequest) -> int | None:
    """What the customer lacks for what they came from, as its page says: `?amount=0.14`."""
    amount = request.GET.get("amount", "")
    return int(Decimal(amount) * 100) if AMOUNT.fullmatch(amount) else None


def _least(missing: int | None, offered: list[PaymentMethod]) -> Decimal | None:
    """US dollars: what is missing, or the least that can be paid in where that is more."""
    if not missing:
        return None
    least = min((each.min_cents for each in offered), default=0)
    return Decimal(max(missing, least)).scaleb(-2)


def _to_the_gateway(top_up: TopUp) -> HttpResponse:
    return redirect(top_up.pay_url) if top_up.is_open and top_up.pay_url else redirect("payment", top_up.pk)


@require_safe
@never_cache
def payment(request: HttpRequest, top_up_id: str) -> HttpResponse:
    """What becomes of it. The page asks again by itself; closing it loses nothing."""
    if request.headers.get("HX-Request") and not request.user.is_authenticated:
        return HttpResponseClientRefresh()
    return _payment(cast(CustomerRequest, request), top_up_id)


@login_required
def _payment(request: CustomerRequest, top_up_id: str) -> HttpResponse:
    """204 to a page that shows all this already: what is marked or in focus there stays so."""
    shown = _shown(refresh(top_up_for(request.user.pk, top_up_id)))
    if not request.headers.get("HX-Request"):
        return render(request, "topups/payment.html", shown)
    if request.GET.get("seen") == shown["seen"]:
        return HttpResponse(status=204)
    return render(request, "topups/_payment.html", shown)


def _seen(shown: dict[str, Any]) -> str:
    """The same for as long as the page of a payment stays the same."""
    found = shown["top_up"]
    parts = (found.state, found.dispute, found.credited_cents, found.refunded_cents, found.confirmations)
    return ".".join(map(str, (*parts, len(shown["further"]), len(shown["worthless"]))))


def _shown(found: TopUp) -> dict[str, Any]:
    left = (found.expires_at - timezone.now()).total_seconds() if found.expires_at else 0
    shown = {
        "top_up": found,
        "method": PaymentMethod.objects.filter(pk=found.gateway).first(),
        "seconds": max(0, int(left)),
        "qr": _qr(found),
        "worthless": worthless(found),
        "further": list(found.further.order_by("pk")),
        "sent_form": SentForm(),
        "confirmations": _confirmations(found),
        "follows": _seconds_between_looks(found),
        "again": _again(found),
        "sandbox_chain": settings.TRONGRID_URL if settings.SANDBOX_GATEWAY and settings.DEBUG else "",
    }
    return shown | {"seen": _seen(shown)}


def _again(found: TopUp) -> str:
    """Where the same is tried once more."""
    wanted = {"amount": f"{found.amount_cents / 100:.2f}"} | ({"next": found.next_page} if found.next_page else {})
    return f"{reverse('top_up')}?{urlencode(wanted)}"


def _seconds_between_looks(found: TopUp) -> int | None:
    """None where nothing can happen, or a form is being filled in."""
    if found.gateway == Method.BANK:
        return 10 if found.state in (TopUpState.PENDING, TopUpState.PAID) else None
    if found.is_open:
        return 2
    may_be_late = found.state in UNPAID and timezone.now() - found.created_at < LATE
    return 4 if may_be_late else None


def _qr(found: TopUp) -> str:
    if found.gateway != Method.TRON or not found.gateway_ref:
        return ""
    return str(segno.make(found.gateway_ref, error="m").svg_data_uri(scale=8, border=3, light="#fff"))


def _confirmations(found: TopUp) -> tuple[int, int] | None:
    if found.confirmations is None:
        return None
    return min(found.confirmations, settings.TRON_CONFIRMATIONS), settings.TRON_CONFIRMATIONS


@require_POST
@login_required
@limited("20/m")
def pay(request: CustomerRequest, top_up_id: str) -> HttpResponse:
    """Where a payment goes on that was not begun, or left."""
    try:
        return _to_the_gateway(open_payment(top_up_for(request.user.pk, top_up_id)))
    except DomainError as refusal:
        tell(request, refusal)
        return redirect("payment", top_up_id)


@require_POST
@login_required
@limited("20/m")
def sent(request: CustomerRequest, top_up_id: str) -> HttpResponse:
    """The customer says that a bank transfer is under way."""
    found = top_up_for(request.user.pk, top_up_id)
    if found.gateway != Method.BANK:
        raise Http404
    form = SentForm(request.POST, request.FILES)
    if form.is_valid():
        mark_sent(found.pk, form.cleaned_data["slip"])
        return redirect("payment", found.pk)
    for error in form.errors["slip"]:
        messages.error(request, str(error))
    return redirect("payment", found.pk)


@require_safe
@login_required
def receipt(request: CustomerRequest, top_up_id: str) -> HttpResponse:
    """Of what was captured, for printing."""
    found = top_up_for(request.user.pk, top_up_id)
    if found.state not in (*CREDITED, TopUpState.PAID):
        raise Http404(_("There is no receipt before a payment."))
    return render(request, "topups/receipt.html", {"top_up": found})
