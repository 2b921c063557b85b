"""The pages of the docs, in reading order."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jiema.docs.endpoints import ENDPOINTS, Endpoint


@dataclass(frozen=True, slots=True)
class Page:
    """slug: empty for /docs itself. summary: one or two sentences, for readers and for search engines."""

    slug: str
    title: str | Promise
    summary: str | Promise
    endpoint: Endpoint | None = None

    @property
    def url(self) -> str:
        return reverse("docs_page", args=[self.slug]) if self.slug else reverse("docs")

    @property
    def template(self) -> str:
        return "docs/endpoint.html" if self.endpoint else f"docs/{self.slug or 'quick-start'}.html"


@dataclass(frozen=True, slots=True)
class Group:
    title: str | Promise
    pages: tuple[Page, ...]


GROUPS = (
    Group(
        _("Start"),
        (
            Page("", _("Quick start"), _("From nothing to the first code by API in five steps.")),
            Page("keys", _("Keys"), _("How a program signs in to the API, and how to keep its key safe.")),
            Page(
                "program",
                _("A whole program"),
                _("Buys a number, waits for the code, asks for a second one or gives the number back."),
            ),
        ),
    ),
    Group(_("Calls"), tuple(Page(each.slug, each.title, each.summary, each) for each in ENDPOINTS)),
    Group(
        _("Rules"),
        (
            Page("errors", _("Errors"), _("Every code that the API answers, what it means, and what to do.")),
            Page("limits", _("Limits"), _("How many calls a key may make, and how to poll without being throttled.")),
            Page("retries", _("Safe repeats"), _("How to repeat a call after a timeout and never buy twice.")),
            Page("orders", _("Life of an order"), _("The five statuses, when an order ends, and when money returns.")),
            Page("webhooks", _("Webhooks"), _("How the shop tells your server when something happens to an order.")),
        ),
    ),
    Group(
        _("More"),
        (
            Page("sandbox", _("Trying it out"), _("How to try everything without losing money.")),
            Page(
                "versions", _("Versions and OpenAPI"), _("What may change in the API, what did, and the OpenAPI file.")
            ),
        ),
    ),
)


def pages() -> Iterator[Page]:
    for group in GROUPS:
        yield from group.pages


def urls() -> list[str]:
    """The paths of all pages, for the map of the site."""
    return [page.url for page in pages()]


def neighbours(page: Page) -> tuple[Page | None, Page | None]:
    """The pages before and behind it."""
    ordered: list[Page | None] = [None, *pages(), None]
    place = ordered.index(page)
    return ordered[place - 1], ordered[place + 1]
