from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.topups import services
from accounts.topups.forms import TopUpForm
from accounts.topups.models import TopUp, TopUpState
from accounts.web import CustomerRequest
from jiema.api.errors import DomainError
from jiema.money import dollars
from jiema.web import limited, tell

PRESET_DOLLARS = (10, 25, 50, 100)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@limited("20/m")
def top_up(request: CustomerRequest) -> HttpResponse:
    form = TopUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            started = services.start_top_up(request.user.pk, form.cleaned_data["amount"])
            return redirect("sandbox_gateway", started.pk)
        except DomainError as refusal:
            tell(request, refusal)
    latest = TopUp.objects.filter(user=request.user).order_by("-pk")[:5]
    shown = {"form": form, "presets": PRESET_DOLLARS, "latest": latest, "is_open": settings.SANDBOX_GATEWAY}
    return render(request, "topups/top_up.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@limited("20/m")
def sandbox_gateway(request: CustomerRequest, top_up_id: str) -> HttpResponse:
    if not settings.SANDBOX_GATEWAY:
        raise Http404
    found = get_object_or_404(TopUp, pk=top_up_id, user=request.user, gateway=services.SANDBOX)
    if request.method == "POST":
        settled = services.settle_in_sandbox(found.pk, is_paid=request.POST.get("answer") == "pay")
        _tell_outcome(request, settled)
        return redirect("top_up")
    return render(request, "topups/sandbox_gateway.html", {"top_up": found})


def _tell_outcome(request: CustomerRequest, settled: TopUp) -> None:
    if settled.state == TopUpState.CREDITED:
        messages.success(request, _("%s is on your balance.") % dollars(settled.amount_cents))
    else:
        messages.error(request, _("The payment failed. Nothing was taken and nothing was credited."))
