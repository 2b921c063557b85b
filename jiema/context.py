from typing import Any

from django.conf import settings
from django.http import HttpRequest


def page(request: HttpRequest) -> dict[str, Any]:
    """What base.html shows on every page.

    address: this page's, in the reader's own language, without what a reader chose. canonical: the same in the
    language that was asked for. here: the way back after a choice of language.
    """
    query = request.GET.copy()
    asked = "".join(query.pop("lang", []))
    here = f"{request.path}?{query.urlencode()}" if query else request.path
    address = f"{settings.SITE_URL}{request.path}"
    canonical = f"{address}?lang={asked}" if asked in dict(settings.LANGUAGES) else address
    return {"languages": settings.LANGUAGES, "address": address, "canonical": canonical, "here": here}
