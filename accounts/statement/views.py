from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBadRequest, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.statement.export import lines
from accounts.statement.forms import StatementForm
from accounts.wallet import selectors
from accounts.web import CustomerRequest
from jiema.web import page_of


@require_safe
@never_cache
@login_required
def statement(request: CustomerRequest) -> HttpResponse:
    """A day or a kind that is not one is told, and not filtered by."""
    form = StatementForm(request.GET)
    form.is_valid()
    period, kind = form.period(), form.cleaned_data.get("kind", "")
    entries, cursor = page_of(selectors.entries_of(request.user.pk, period, kind), request.GET.get("before"))
    shown = {
        "form": form,
        "entries": entries,
        "cursor": cursor,
        "totals": selectors.totals(request.user.pk, period),
        "of_kind": selectors.totals(request.user.pk, period, kind) if kind else None,
        "is_filtered": bool(kind or period.since or period.until),
    }
    return render(request, "accounts/statement.html", shown)


@require_safe
@never_cache
@login_required
def statement_file(request: CustomerRequest) -> HttpResponse | StreamingHttpResponse:
    """All rows of the same filters, as CSV."""
    form = StatementForm(request.GET)
    if not form.is_valid():
        return HttpResponseBadRequest()
    entries = selectors.entries_of(request.user.pk, form.period(), form.cleaned_data["kind"])
    return StreamingHttpResponse(
        lines(selectors.stream(entries)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="statement.csv"'},
    )
