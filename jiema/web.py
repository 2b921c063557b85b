"""What the pages of all rooms share."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import register_converter
from django.urls.converters import StringConverter
from django.utils.http import url_has_allowed_host_and_scheme
from django_ratelimit.decorators import ratelimit

from jiema.api.errors import DomainError
from jiema.api.ids import ID_PATTERN

PAGE_SIZE = 25
PATH_LENGTH = 200
M = TypeVar("M", bound=Model)
View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class IdConverter(StringConverter):
    """`<id:…>` in an address: one of our ids. What is none leads nowhere, and is never asked the database for."""

    regex = ID_PATTERN


register_converter(IdConverter, "id")


def limited(rate: str) -> Callable[[View], View]:
    """At most so many POSTs of one user (or of one address, before signing in), such as "20/m"."""
    decorator: Callable[[View], View] = ratelimit(key="user_or_ip", rate=rate, method="POST")
    return decorator


def tell(request: HttpRequest, refusal: DomainError) -> None:
    messages.error(request, str(refusal.message))


def same_site_path(told: str | None) -> str:
    """A path on this site, with its query; empty where it is anything else, so that no link of ours leads elsewhere."""
    path = told or ""
    is_ours = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_ours and path.isprintable() and len(path) <= PATH_LENGTH else ""


def page_of(rows: QuerySet[M], cursor: str | None) -> tuple[list[M], Any]:
    """The rows behind the cursor, newest first, and the next page's cursor or None. Raises Http404."""
    if cursor:
        try:
            rows = rows.filter(pk__lt=_printable(cursor))
        except ValueError as error:
            raise Http404 from error
    found = list(rows.order_by("-pk")[: PAGE_SIZE + 1])
    more = len(found) > PAGE_SIZE
    return found[:PAGE_SIZE], (found[PAGE_SIZE - 1].pk if more else None)


def _printable(cursor: str) -> str:
    if len(cursor) > 25 or not cursor.isascii() or not cursor.isalnum():
        raise ValueError(cursor)
    return cursor
