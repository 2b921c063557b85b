import json
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from catalog.models import Provider
from catalog.services.providers import pause_provider
from jiema.status import snapshot
from orders.services.stopping import stop_sales
from tests.web.conftest import signed_in
from tests.web.shopping import html
from tests.web.test_pages import assert_is_sound

QUERIES = 12
NO_CURSOR = "django.db.backends.base.base.BaseDatabaseWrapper.cursor"


def test_the_page_is_sound(client: Client, provider: Provider) -> None:
    assert_is_sound(client, "/status")


def test_it_says_what_is_impaired_and_names_no_provider(client: Client, provider: Provider) -> None:
    pause_provider(provider.pk, "NO_BALANCE")
    page = html(client.get("/status"))
    assert "The shop is not working as it should" in page
    assert "No number can be bought right now." in page
    assert "sandbox" not in page.lower()
    assert "NO_BALANCE" not in page
    assert "sandbox" not in client.get("/status.json").content.decode()


def test_a_stop_of_sales_is_the_headline(client: Client, provider: Provider) -> None:
    stop_sales("The books: a secret rule")
    page = html(client.get("/status"))
    assert "Sales are paused" in page
    assert "secret rule" not in page


def test_for_programs(client: Client, provider: Provider) -> None:
    told = json.loads(client.get("/status.json").content)
    assert told["status"] == "impaired"  # nothing has been synced yet
    assert (told["maintenance"], told["salesPaused"]) == (False, False)
    assert [part["id"] for part in told["parts"]] == ["database", "buying", "supply", "prices", "codes", "worker"]
    assert len(told["parts"][0]["minutesByDay"]) == 90
    assert told["lastHour"] == {"ordered": 0, "numbers": 0, "numbersOver": 0, "codes": 0}


def test_a_crowd_costs_one_look(
    client: Client, provider: Provider, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(QUERIES):
        for _ in range(5):
            client.get("/status")
            client.get("/status.json")


def test_customers_cost_no_more_than_visitors(alice: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    site = signed_in(alice)
    site.get("/status")
    with django_assert_num_queries(0):
        assert "alice" not in html(site.get("/status"))


def test_five_seconds_later_it_looks_again(client: Client, provider: Provider) -> None:
    with patch.object(snapshot.time, "monotonic", return_value=1000.0) as clock:
        client.get("/status")
        stop_sales("a reason")
        clock.return_value = 1004.9
        assert "Sales are paused" not in html(client.get("/status"))
        clock.return_value = 1005.1
        assert "Sales are paused" in html(client.get("/status"))


def test_the_database_away(alice: User) -> None:
    site = signed_in(alice)
    with patch(NO_CURSOR, side_effect=OperationalError("away")):
        response, told = site.get("/status"), site.get("/status.json").json()
    assert response.status_code == 200
    assert "Our database does not answer" in html(response)
    assert (told["status"], told["parts"], told["lastHour"]) == ("down", [], None)


def test_valkey_away(client: Client, provider: Provider, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.CACHES["default"]["LOCATION"] = "redis://127.0.0.1:1/0"
    assert client.get("/status").status_code == 200


@pytest.mark.django_db
def test_maintenance_is_told(client: Client, settings: Settings) -> None:
    settings.MAINTENANCE = True
    assert "We are working on the shop" in html(client.get("/status"))
    assert client.get("/status.json").json()["maintenance"] is True


@pytest.mark.django_db
def test_it_is_only_read(client: Client) -> None:
    assert client.post("/status").status_code == 405


@pytest.mark.django_db
def test_in_the_language_of_the_link(client: Client) -> None:
    assert '<html lang="id">' in html(client.get("/status?lang=id"))
