"""The docs say what the API does: every call, field and code is on a page, and every example is one of its replies."""

import json
from itertools import pairwise

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from jsonschema import Draft202012Validator
from pytest_django import Settings

from jiema.api.errors import catalogue
from jiema.docs import endpoints, errors, pages, samples
from jiema.docs.endpoints import ENDPOINTS, Endpoint
from orders.webhooks.models import TEST, Delivery, Event
from orders.webhooks.services import desk
from tests.conftest import Shopper
from tests.web.test_bare_words import _bracketed, bare  # noqa: F401

ALL_PAGES = list(pages.pages())
slug = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.slug)


def shown(path: str) -> str:
    response = Client().get(path)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.slug or "start")
def test_a_page_is_public_and_says_what_it_is(page: pages.Page, settings: Settings) -> None:
    """Without the database: no test may ask it without saying so."""
    settings.SITE_URL = "https://numbers.example"
    html = shown(page.url)
    assert html.count("<h1") == 1
    assert f"<h1>{escape(page.title)}</h1>" in html
    assert f'<link rel="canonical" href="https://numbers.example{page.url}">' in html
    assert f'<meta name="description" content="{escape(page.summary)}">' in html
    assert samples.ADDRESS not in html


@pytest.mark.usefixtures("_bracketed")
def test_all_that_a_page_says_is_marked_for_translation() -> None:
    found = {page.url: bare(shown(page.url)) for page in ALL_PAGES}
    assert {address: words for address, words in found.items() if words} == {}


@pytest.mark.django_db
def test_there_is_no_other_page() -> None:
    assert Client().get("/docs/nothing").status_code == 404


def test_each_page_leads_on_to_the_next() -> None:
    for before, behind in pairwise(ALL_PAGES):
        assert f'<a href="{behind.url}" rel="next">' in shown(before.url)
        assert f'<a href="{before.url}" rel="prev">' in shown(behind.url)


def test_every_call_of_the_description_has_its_page() -> None:
    described = {(m.upper(), path) for path, item in endpoints.description()["paths"].items() for m in item}
    assert {(each.method, each.path) for each in ENDPOINTS} == described


@slug
def test_every_field_and_parameter_is_on_the_page_with_its_words(endpoint: Endpoint) -> None:
    html = shown(f"/docs/{endpoint.slug}")
    fields = [
        *endpoints.parameters(endpoint),
        *endpoints.body_fields(endpoint),
        *endpoints.reply_fields(endpoint),
    ]
    assert [field.name for field in fields if not field.text] == []
    assert [field.name for field in fields if f"<dt><code>{field.name}</code>" not in html] == []


@slug
def test_the_example_is_a_reply_of_the_call(endpoint: Endpoint) -> None:
    schema = endpoints.reply_schema(endpoint) | {"components": endpoints.description()["components"]}
    reply = json.loads(samples.example(endpoint.slug))
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(reply)
    assert set(reply["data"]) <= {field.name for field in endpoints.reply_fields(endpoint) if field.depth == 0}


def test_the_example_of_a_refusal_is_one() -> None:
    components = endpoints.description()["components"]
    Draft202012Validator(components["schemas"]["Error"]).validate(json.loads(samples.example("error")))


def test_every_code_is_documented_and_nothing_else() -> None:
    assert set(errors.WORDS) == {cls.code for cls in catalogue()}
    html = shown(reverse("docs_page", args=["errors"]))
    assert [code for code in errors.WORDS if html.count(f'<div id="{code}">') != 1] == []


@pytest.mark.parametrize("refusal", errors.refusals(), ids=lambda refusal: refusal.code)
def test_a_code_has_one_status_and_words(refusal: errors.Refusal) -> None:
    assert len(refusal.statuses) == 1
    assert refusal.meaning
    assert refusal.remedy


@slug
def test_every_call_has_a_sample_in_every_language(endpoint: Endpoint) -> None:
    assert [sample.language for sample in samples.samples(endpoint.slug)] == list(samples.LANGUAGES)


def test_every_event_of_a_webhook_is_documented() -> None:
    html = shown(reverse("docs_page", args=["webhooks"]))
    assert [event for event in (*Event.values, TEST) if f"<dt><code>{event}</code></dt>" not in html] == []


def test_the_example_of_a_webhook_has_the_form_of_one(shopper: Shopper) -> None:
    endpoint, _secret = desk.add_endpoint(shopper.user.pk, "https://hooks.example/", [Event.RECEIVED])
    shopper.deliver(order_id := shopper.buy()["id"], "Code 41790")
    shopper.order(order_id)
    sent = json.loads(Delivery.objects.get(endpoint=endpoint).body or "")
    told = json.loads(samples.example("webhook"))
    assert (list(told), list(told["data"])) == (list(sent), list(sent["data"]))
