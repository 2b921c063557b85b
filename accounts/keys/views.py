from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import selectors, services
from accounts.errors import KeyEnded
from accounts.keys.forms import ApiKeyForm, KeyLimitsForm, RotationForm
from accounts.models import MAX_ACTIVE_KEYS, ApiKey
from accounts.web import CustomerRequest
from jiema.api.errors import DomainError
from jiema.web import limited, tell

Page = Callable[..., HttpResponse]


def _page(view: Page) -> Page:
    """Of somebody who is signed in, kept by no cache; few changes a minute."""
    guarded: Page = require_http_methods(["GET", "HEAD", "POST"])(never_cache(login_required(limited("20/m")(view))))
    return guarded


@_page
def api_keys(request: CustomerRequest) -> HttpResponse:
    form = ApiKeyForm(request.POST or None)
    token = ""
    if request.method == "POST" and form.is_valid():
        try:
            token = services.create_api_key(request.user.pk, form.cleaned_data["name"], form.limits)[1]
            form = ApiKeyForm()
        except DomainError as refusal:
            tell(request, refusal)
    return _keys_page(request, form, token)


def _keys_page(request: CustomerRequest, form: ApiKeyForm, token: str) -> HttpResponse:
    keys = selectors.active_keys(request.user.pk)
    shown = {
        "form": form,
        "token": token,
        "keys": keys,
        "ended": selectors.ended_keys(request.user.pk),
        "most": MAX_ACTIVE_KEYS,
        "is_full": len(keys) >= MAX_ACTIVE_KEYS,
        "api": f"{settings.SITE_URL}/api/v1",
    }
    return render(request, "accounts/api_keys.html", shown)


@_page
def edit_key(request: CustomerRequest, key_id: int) -> HttpResponse:
    key = _my_key(request, key_id)
    form = KeyLimitsForm(request.POST or None, key)
    if request.method == "POST" and form.is_valid():
        if services.change_key_limits(request.user.pk, key_id, form.cleaned_data["name"], form.limits):
            messages.success(request, _("The key “%s” is changed.") % form.cleaned_data["name"])
        else:
            tell(request, KeyEnded())
        return redirect("api_keys")
    return render(request, "accounts/edit_key.html", {"key": key, "form": form})


@_page
def rotate_key(request: CustomerRequest, key_id: int) -> HttpResponse:
    key = _my_key(request, key_id)
    form = RotationForm(request.POST or None, initial={"replaces": key.prefix})
    if request.method == "POST" and form.is_valid():
        wish = form.cleaned_data
        try:
            token = services.rotate_api_key(request.user.pk, key_id, wish["replaces"], wish["overlap"])[1]
            return _keys_page(request, ApiKeyForm(), token)
        except DomainError as refusal:
            tell(request, refusal)
            return redirect("api_keys")
    return render(request, "accounts/rotate_key.html", {"key": key, "form": form})


@require_POST
@login_required
@limited("20/m")
def stop_former_token(request: CustomerRequest, key_id: int) -> HttpResponse:
    key = _my_key(request, key_id)
    if services.stop_former_token(request.user.pk, key_id):
        messages.success(request, _("The former token of “%s” has stopped working.") % key.name)
    return redirect("api_keys")


@_page
def revoke_key(request: CustomerRequest, key_id: int) -> HttpResponse:
    key = _my_key(request, key_id)
    if request.method == "POST":
        if services.revoke_api_key(request.user.pk, key_id):
            messages.success(request, _("The key “%s” is revoked.") % key.name)
        return redirect("api_keys")
    return render(request, "accounts/revoke_key.html", {"key": key})


def _my_key(request: CustomerRequest, key_id: int) -> ApiKey:
    """Raises Http404."""
    return get_object_or_404(ApiKey, pk=key_id, user=request.user)
