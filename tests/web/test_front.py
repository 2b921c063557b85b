import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from catalog.models import OfferOdds, Provider
from tests.web.shopping import html


def sold(provider: Provider, bought: int, arrived: int) -> None:
    counts = {"bought_24h": 0, "arrived_24h": 0, "bought_7d": bought, "arrived_7d": arrived}
    OfferOdds.objects.create(provider=provider, service_id="tg", country_id=7, **counts)


def test_real_prices_at_two_queries(
    client: Client, provider: Provider, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        page = html(client.get("/"))
    assert "$0.39" in page
    assert 'role="search"' in page


def test_the_shops_own_odds(client: Client, provider: Provider) -> None:
    sold(provider, 57, 41)
    assert "<b>41 of 57</b> numbers that were bought here" in html(client.get("/"))


def test_a_few_numbers_are_no_odds(client: Client, provider: Provider) -> None:
    sold(provider, 4, 4)
    page = html(client.get("/"))
    assert "4 of 4" not in page
    assert "Too few numbers were bought here" in page


@pytest.mark.django_db
def test_an_empty_shop_has_a_front_too(client: Client) -> None:
    assert "Nothing is on sale right now." in html(client.get("/"))
