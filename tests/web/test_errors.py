"""What somebody sees when something went wrong, be it nearly everything."""

import re
from collections.abc import Iterator
from contextlib import closing
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from jiema.alarms.models import Alarm
from tests.conftest import Api, error
from tests.web.conftest import signed_in
from tests.web.shopping import html

ID = re.compile("[0-9a-f]{24}")


@pytest.fixture
def visitor() -> Client:
    """Whose browser gets to see what the tests' client would raise."""
    return Client(raise_request_exception=False)


@pytest.fixture
def _no_database() -> Iterator[None]:
    with patch("django.db.backends.base.base.BaseDatabaseWrapper.cursor", side_effect=OperationalError("away")):
        yield


@pytest.fixture
def _broken_front() -> Iterator[None]:
    with patch("jiema.site.views.find_services", side_effect=ValueError("planted")):
        yield


def shows(response: HttpResponse, status: int, *words: str) -> None:
    page = html(response)
    assert response.status_code == status
    assert page.count("<h1") == 1
    for each in words:
        assert each in page


@pytest.mark.django_db
def test_what_is_not_there_offers_a_search(visitor: Client) -> None:
    shows(
        visitor.get("/nothing"), 404, "Nothing was bought and nothing was charged.", 'role="search"', 'href="/status"'
    )


def test_customers_are_led_to_their_orders(site: Client) -> None:
    shows(site.get("/nothing"), 404, 'href="/orders"', 'href="/account/statement"')


def test_an_old_form_did_nothing(alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = signed_in(alice).cookies
    shows(strict.post("/account/api-keys", {"name": "x"}), 403, "Nothing was bought, paid or changed.")
    assert not alice.api_keys.exists()


def test_too_many_clicks_say_when_to_come_back(site: Client) -> None:
    answers = (site.post("/account/api-keys", {"name": ""}) for _ in range(50))  # the minute may change meanwhile
    response = next(each for each in answers if each.status_code == 429)
    shows(response, 429, "Too fast", "nothing was bought, paid or changed by it")
    assert response["Retry-After"] == "60"


@pytest.mark.django_db
def test_a_name_that_is_not_ours(visitor: Client) -> None:
    shows(visitor.get("/terms", headers={"Host": "elsewhere.example"}), 400, "We did not understand that")


@pytest.mark.django_db
def test_every_page_has_an_id_of_its_own(visitor: Client) -> None:
    ids = [visitor.get(path)["X-Request-Id"] for path in ("/", "/", "/nothing", "/healthz")]
    assert all(ID.fullmatch(each) for each in ids)
    assert len(set(ids)) == 4


@pytest.mark.django_db
@pytest.mark.usefixtures("_broken_front")
def test_a_fault_of_ours_is_told_with_its_id(visitor: Client) -> None:
    response = visitor.get("/")
    shows(response, 500, "The mistake is ours", f"<code>{response['X-Request-Id']}</code>")
    alarm = Alarm.objects.get(code="internal_error")
    assert alarm.detail["request_id"] == response["X-Request-Id"]


@pytest.mark.usefixtures("_broken_front", "_no_database")
@pytest.mark.django_db
def test_a_fault_while_all_else_is_away(visitor: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    shows(visitor.get("/"), 500, "The mistake is ours")


@pytest.mark.django_db
@pytest.mark.usefixtures("_broken_front")
def test_the_last_resort(visitor: Client) -> None:
    with patch("jiema.site.bare.get_template", side_effect=OSError("no disk")):
        response = visitor.get("/")
    shows(response, 500, "Something went wrong on our side", response["X-Request-Id"])


@pytest.mark.parametrize("path", ["/", "/buy", "/dashboard", "/nothing"])
def test_the_database_away(alice: User, path: str) -> None:
    visitor = signed_in(alice)
    visitor.raise_request_exception = False
    with patch("django.db.backends.base.base.BaseDatabaseWrapper.cursor", side_effect=OperationalError("away")):
        response = visitor.get(path)
    shows(response, 503, "The shop is away for a moment", 'href="/orders"')
    assert response["Retry-After"] == "5"
    assert not Alarm.objects.filter(code="internal_error").exists()


@pytest.mark.parametrize("path", ["/", "/buy", "/orders", "/account/top-up", "/webhooks/stripe"])
def test_maintenance(alice: User, settings: Settings, path: str) -> None:
    settings.MAINTENANCE = True
    response = signed_in(alice).get(path)
    shows(response, 503, "We are working on the shop", "Your balance and your orders are kept.")
    assert (response["Retry-After"], response["Cache-Control"]) == ("120", "no-store")


@pytest.mark.django_db
def test_what_goes_on_in_maintenance(client: Client, settings: Settings) -> None:
    settings.MAINTENANCE = True
    for path in ("/healthz", "/readyz", "/status"):
        assert client.get(path).status_code == 200
    assert client.get("/admin/", follow=True).redirect_chain[-1] == ("/accounts/login/?next=%2Fadmin%2F", 302)
    assert client.get("/admin/", follow=True).status_code == 200
    with closing(client.get("/static/css/jiema.css")) as sheet:
        assert sheet.status_code == 200


def test_the_api_in_maintenance(api: Api, settings: Settings) -> None:
    settings.MAINTENANCE = True
    for response in (api.get("/account"), api.post("/orders", {"service": "tg", "country": 7}), api.get("/nothing")):
        assert error(response) == (503, "UNAVAILABLE")
        assert response["Retry-After"] == "120"
        assert ID.fullmatch(response["X-Request-Id"])
        assert response["Cache-Control"] == "no-store"
