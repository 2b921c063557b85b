from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.vouchers import guesses, services
from accounts.vouchers.errors import UnknownCode
from accounts.vouchers.forms import RedeemForm
from accounts.web import CustomerRequest
from jiema.api.errors import DomainError
from jiema.languages import dollars
from jiema.web import limited


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
@limited("60/m")
def voucher(request: CustomerRequest) -> HttpResponse:
    form = RedeemForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        if guesses.are_too_many(request):
            form.add_error("code", _("Too many wrong codes. Please try again in an hour."))
            status = 429
        elif _redeem(request, form):
            return redirect("voucher")
    return render(request, "vouchers/voucher.html", {"form": form}, status=status)


def _redeem(request: CustomerRequest, form: RedeemForm) -> bool:
    """What is said holds for a second click, too."""
    try:
        redeemed = services.redeem(request.user.pk, form.cleaned_data["code"])
    except DomainError as refusal:
        if isinstance(refusal, UnknownCode):
            guesses.count(request)
        form.add_error("code", str(refusal.message))
        return False
    amounts = {"value": dollars(redeemed.value_cents), "balance": dollars(redeemed.balance_cents)}
    messages.success(request, _("The voucher of %(value)s is on your account. Your balance is %(balance)s.") % amounts)
    return True
