from typing import Any

from django.conf import settings
from django.http import HttpRequest


def page(request: HttpRequest) -> dict[str, Any]:
    """What base.html shows on every page.

    canonical: this page's one address, without what a reader chose. here: the way back after a choice of language.
    """
    query = request.GET.copy()
    query.pop("lang", None)
    here = f"{request.path}?{query.urlencode()}" if query else request.path
    return {"languages": settings.LANGUAGES, "canonical": f"{settings.SITE_URL}{request.path}", "here": here}
