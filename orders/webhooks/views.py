"""The webhook desk. Nothing here calls a customer's server: what is typed is checked by its form alone, and a worker
sends. So nobody's slow name server keeps a page waiting."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.web import CustomerRequest
from jiema.api.errors import DomainError, NotFound
from jiema.web import limited, page_of, tell
from orders.webhooks import selectors
from orders.webhooks.forms import EndpointForm
from orders.webhooks.models import MAX_ACTIVE, Attempt, Delivery, Endpoint, State
from orders.webhooks.sealing import mark
from orders.webhooks.services import desk
from orders.webhooks.services.sending import headers

SOON = timedelta(seconds=15)
T = TypeVar("T")


def _found(look: Callable[[str, str], T], user_id: str, name: str) -> T:
    try:
        return look(user_id, name)
    except NotFound as error:
        raise Http404 from error


def _endpoint(request: CustomerRequest, endpoint_id: str) -> Endpoint:
    return _found(selectors.endpoint_for, request.user.pk, endpoint_id)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
@limited("20/m")
def endpoint_list(request: CustomerRequest) -> HttpResponse:
    form = EndpointForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            endpoint, secret = desk.add_endpoint(request.user.pk, **form.cleaned_data)
        except DomainError as refusal:
            tell(request, refusal)
        else:
            return _endpoint_page(request, endpoint, secret)
    endpoints = list(selectors.endpoints_of(request.user.pk))
    shown = {
        "form": form,
        "endpoints": endpoints,
        "active": sum(each.is_active for each in endpoints),
        "most": MAX_ACTIVE,
    }
    return render(request, "webhooks/list.html", shown)


@require_safe
@never_cache
@login_required
def endpoint(request: CustomerRequest, endpoint_id: str) -> HttpResponse:
    return _endpoint_page(request, _endpoint(request, endpoint_id))


def _endpoint_page(request: CustomerRequest, endpoint: Endpoint, secret: str = "") -> HttpResponse:
    """secret: shown this once."""
    deliveries = endpoint.deliveries.select_related("order")
    only = request.GET.get("only", "")
    if only in State.values:
        deliveries = deliveries.filter(state=only)
    page, cursor = page_of(deliveries, request.GET.get("before"))
    shown = {
        "endpoint": Endpoint.objects.get(pk=endpoint.pk),
        "secret": secret,
        "mark": mark(endpoint.secret),
        "deliveries": page,
        "cursor": cursor,
        "only": only if only in State.values else "",
        "states": State,
        "is_replacing": endpoint.is_replacing,
    }
    return render(request, "webhooks/endpoint.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@limited("20/m")
def edit(request: CustomerRequest, endpoint_id: str) -> HttpResponse:
    endpoint = _endpoint(request, endpoint_id)
    shown = {"url": endpoint.url, "description": endpoint.description, "events": endpoint.events}
    form = EndpointForm(request.POST or None, initial=shown)
    if request.method == "POST" and form.is_valid():
        desk.change_endpoint(request.user.pk, endpoint_id, **form.cleaned_data)
        messages.success(request, _("The endpoint was changed."))
        return redirect("webhook", endpoint_id)
    return render(request, "webhooks/edit.html", {"form": form, "endpoint": endpoint})


@require_POST
@never_cache
@login_required
@limited("10/m")
def replace_secret(request: CustomerRequest, endpoint_id: str) -> HttpResponse:
    _endpoint(request, endpoint_id)
    secret = desk.replace_secret(request.user.pk, endpoint_id, request.POST.get("replaces", ""))
    return _endpoint_page(request, _endpoint(request, endpoint_id), secret)


@require_POST
@login_required
@limited("20/m")
def drop_old_secret(request: CustomerRequest, endpoint_id: str) -> HttpResponse:
    return _do(request, desk.drop_old_secret, endpoint_id, _("From now on only the new secret signs."))


@require_POST
@login_required
@limited("20/m")
def disable(request: CustomerRequest, endpoint_id: str) -> HttpResponse:
    return _do(request, desk.disable, endpoint_id, _("The endpoint is switched off."))


@require_POST
@login_required
@limited("20/m")
def enable(request: CustomerRequest, endpoint_id: str) -> HttpResponse:
    return _do(request, desk.enable, endpoint_id, _("The endpoint is switched on."))


def _do(request: CustomerRequest, verb: Callable[[str, str], None], endpoint_id: str, done: str) -> HttpResponse:
    _endpoint(request, endpoint_id)
    try:
        verb(request.user.pk, endpoint_id)
    except DomainError as refusal:
        tell(request, refusal)
    else:
        messages.success(request, done)
    return redirect("webhook", endpoint_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@limited("20/m")
def delete(request: CustomerRequest, endpoint_id: str) -> HttpResponse:
    endpoint = _endpoint(request, endpoint_id)
    if request.method == "POST":
        desk.delete_endpoint(request.user.pk, endpoint_id)
        messages.success(request, _("The endpoint is deleted."))
        return redirect("webhooks")
    return render(request, "webhooks/delete.html", {"endpoint": endpoint})


@require_POST
@login_required
@limited("6/m")
def send_test(request: CustomerRequest, endpoint_id: str) -> HttpResponse:
    _endpoint(request, endpoint_id)
    try:
        return redirect("delivery", desk.send_test(request.user.pk, endpoint_id).pk)
    except DomainError as refusal:
        tell(request, refusal)
        return redirect("webhook", endpoint_id)


@require_safe
@never_cache
@login_required
def delivery(request: CustomerRequest, delivery_id: str) -> HttpResponse:
    found = _found(selectors.delivery_for, request.user.pk, delivery_id)
    shown = {
        "delivery": found,
        "body": _readable(found.body),
        "tries": [_shown(found, each) for each in found.attempts.order_by("-pk")],
        "is_soon": found.due_at is not None and found.due_at < timezone.now() + SOON,
    }
    return render(request, "webhooks/delivery.html", shown)


def _readable(body: str | None) -> str:
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False) if body else ""


def _shown(delivery: Delivery, attempt: Attempt) -> dict[str, Any]:
    sent = headers(delivery.pk, attempt.at, attempt.signature) if attempt.signature else {}
    return {"attempt": attempt, "headers": "\n".join(f"{name}: {value}" for name, value in sent.items())}


@require_POST
@login_required
@limited("20/m")
def send_again(request: CustomerRequest, delivery_id: str) -> HttpResponse:
    _found(selectors.delivery_for, request.user.pk, delivery_id)
    try:
        desk.send_again(request.user.pk, delivery_id)
    except DomainError as refusal:
        tell(request, refusal)
    return redirect("delivery", delivery_id)
