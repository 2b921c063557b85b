"""Pages for everybody that belong to no room."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    return render(request, "jiema/terms.html")
