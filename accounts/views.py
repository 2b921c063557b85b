from decimal import Decimal

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import notices as low_balance
from accounts import selectors, services
from accounts.forms import ApiKeyForm, NoticesForm
from accounts.models import MAX_ACTIVE_KEYS, ApiKey
from accounts.web import CustomerRequest
from jiema.api.errors import DomainError
from jiema.web import limited, tell


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@limited("20/m")
def notices(request: CustomerRequest) -> HttpResponse:
    cents = request.user.low_balance_cents
    shown = {"is_on": cents is not None, "threshold": Decimal(cents or low_balance.USUAL_CENTS).scaleb(-2)}
    form = NoticesForm(request.POST or None, initial=shown)
    if request.method == "POST" and form.is_valid():
        low_balance.set_threshold(request.user.pk, form.cleaned_data["cents"])
        messages.success(request, _("Your choice is kept."))
        return redirect("notices")
    return render(request, "accounts/notices.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
@limited("20/m")
def api_keys(request: CustomerRequest) -> HttpResponse:
    form = ApiKeyForm(request.POST or None)
    token = ""
    if request.method == "POST" and form.is_valid():
        try:
            _key, token = services.create_api_key(request.user.pk, form.cleaned_data["name"])
            form = ApiKeyForm()
        except DomainError as refusal:
            tell(request, refusal)
    return _keys_page(request, form, token)


def _keys_page(request: HttpRequest, form: ApiKeyForm, token: str) -> HttpResponse:
    keys = selectors.active_keys(str(request.user.pk))
    shown = {
        "form": form,
        "token": token,
        "keys": keys,
        "most": MAX_ACTIVE_KEYS,
        "is_full": len(keys) >= MAX_ACTIVE_KEYS,
        "api": f"{settings.SITE_URL}/api/v1",
    }
    return render(request, "accounts/api_keys.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@limited("20/m")
def revoke_key(request: CustomerRequest, key_id: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, pk=key_id, user=request.user)
    if request.method == "POST":
        if services.revoke_api_key(request.user.pk, key_id):
            messages.success(request, _("The key “%s” is revoked.") % key.name)
        return redirect("api_keys")
    return render(request, "accounts/revoke_key.html", {"key": key})
