from collections.abc import Callable
from typing import TypeVar

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.web import CustomerRequest
from jiema.leaving import closing
from jiema.leaving.export import export_of
from jiema.web import limited

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def fresh_sign_in(view: View) -> View:
    """Asks who it is once more, unless that was answered in the last five minutes."""
    decorated: View = reauthentication_required(view)
    return decorated


class ClosingForm(forms.Form):
    is_sure = forms.BooleanField(
        label=_("Close my account for good"),
        error_messages={"required": _("Tick this to close the account.")},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
@fresh_sign_in
@limited("5/h")
def export(request: CustomerRequest) -> HttpResponseBase:
    if request.method == "POST":
        name = f"jiema-{timezone.now():%Y-%m-%d}.zip"
        file = export_of(request.user.pk)
        return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
    return render(request, "jiema/leaving/export.html")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
@fresh_sign_in
@limited("20/h")
def close(request: CustomerRequest) -> HttpResponse:
    form = ClosingForm(request.POST if request.method == "POST" else None)
    ties = closing.ties_of(request.user.pk)
    if request.method == "POST" and not ties and form.is_valid():
        try:
            closing.close_account(request.user.pk)
        except closing.Tied as tied:
            ties = tied.ties
        else:
            logout(request)
            return redirect("account_closed")
    return render(request, "jiema/leaving/close.html", {"form": form, "ties": ties})


@require_safe
def closed(request: HttpRequest) -> HttpResponse:
    """Where one comes out; nothing about anybody is told here."""
    return redirect("account") if request.user.is_authenticated else render(request, "jiema/leaving/closed.html")
