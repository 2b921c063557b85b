from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.referrals import cookie, selectors
from accounts.web import CustomerRequest
from jiema.web import page_of

RECENT = 10


@require_safe
@never_cache
def follow_link(request: HttpRequest, code: str) -> HttpResponse:
    """The first link that a visitor follows counts, whatever others come later."""
    response = redirect("front")
    if request.user.is_anonymous and not cookie.remembered(request):
        inviter = selectors.find_inviter(code)
        if inviter:
            cookie.remember(response, inviter.referral_code)
    return response


@require_safe
@login_required
def referral(request: CustomerRequest) -> HttpResponse:
    user = request.user
    people, cursor = page_of(selectors.people_of(user.pk), request.GET.get("before"))
    shown = {
        "link": settings.SITE_URL + reverse("invitation_link", args=[user.referral_code]),
        "terms": selectors.terms(),
        "totals": selectors.totals_of(user.pk),
        "people": people,
        "cursor": cursor,
        "earnings": selectors.earnings_of(user.pk)[:RECENT],
    }
    return render(request, "referrals/referral.html", shown)
