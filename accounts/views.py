from decimal import Decimal

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import notices as low_balance
from accounts import selectors, services
from accounts.forms import NoticesForm, ProfileForm
from accounts.models import MAX_ACTIVE_KEYS
from accounts.web import CustomerRequest
from jiema.languages import django_code
from jiema.web import limited


@require_safe
@login_required
def account(request: CustomerRequest) -> HttpResponse:
    """Where everything about the account is found, with how it stands."""
    user = request.user
    shown = {
        "security": selectors.security_of(user.pk),
        "is_confirmed": selectors.is_email_confirmed(user),
        "keys": len(selectors.active_keys(user.pk)),
        "most": MAX_ACTIVE_KEYS,
        "language": user.get_lang_display(),
    }
    return render(request, "accounts/account.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@limited("20/m")
def profile(request: CustomerRequest) -> HttpResponse:
    user = request.user
    shown = {"display_name": user.display_name, "lang": user.lang, "time_zone": user.time_zone}
    form = ProfileForm(request.POST or None, initial=shown)
    if request.method == "POST" and form.is_valid():
        services.set_profile(user.pk, **form.cleaned_data)
        with translation.override(django_code(form.cleaned_data["lang"])):
            messages.success(request, _("Your profile is saved."))
        return redirect("profile")
    return render(request, "accounts/profile.html", {"form": form})


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
