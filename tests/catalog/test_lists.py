import gzip
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest

from catalog.models import Country, Offer, Provider, Service
from catalog.services.pricing import rebuild_price_list, set_markup
from jiema.api import valkey
from jiema.api.db import read_prepared
from tests.conftest import Api, data, error


def test_services_with_stock(api: Api, provider: Provider) -> None:
    assert data(api.get("/services")) == {
        "items": [
            {
                "code": "tg",
                "slug": "telegram",
                "name": "Telegram",
                "minCostUsd": 0.39,
                "totalCount": 100,
                "countryCount": 1,
            }
        ]
    }


def test_countries(api: Api, provider: Provider) -> None:
    assert data(api.get("/countries")) == {"items": [{"id": 7, "slug": "my", "name": "Malaysia"}]}


def test_prices_by_code_and_by_slug(api: Api, provider: Provider) -> None:
    expected = {
        "service": "tg",
        "items": [
            {
                "countryId": 7,
                "countrySlug": "my",
                "priceCents": "39",
                "count": 100,
                "odds24h": None,
                "odds7d": None,
                "expectedCents": "56",
            }
        ],
    }
    assert data(api.get("/prices?service=tg")) == expected
    assert data(api.get("/prices?service=telegram")) == expected


def test_the_cost_never_leaves_the_server(api: Api, provider: Provider) -> None:
    Offer.objects.update(cost=Decimal("0.3141"))
    rebuild_price_list()
    for path in ("/services", "/prices?service=tg"):
        assert b"3141" not in api.get(path).content


def test_prices_need_a_known_service(api: Api, provider: Provider) -> None:
    assert error(api.get("/prices")) == (400, "BAD_REQUEST")
    assert error(api.get("/prices?service=")) == (400, "BAD_REQUEST")
    assert error(api.get("/prices?service=nope")) == (400, "BAD_SERVICE")
    assert error(api.get("/prices?service=%00")) == (400, "BAD_REQUEST")


def test_what_the_summary_adds_up_is_what_prices_show(api: Api, provider: Provider) -> None:
    Country.objects.create(id=6, iso2="ID", slug="id", name="Indonesia")
    Offer.objects.create(provider=provider, service_id="tg", country_id=6, cost=Decimal("0.20"), count=11)
    rebuild_price_list()
    prices = data(api.get("/prices?service=tg"))["items"]
    (service,) = data(api.get("/services"))["items"]
    assert service["totalCount"] == sum(row["count"] for row in prices) == 111
    assert service["countryCount"] == len(prices) == 2
    assert service["minCostUsd"] == min(int(row["priceCents"]) for row in prices) / 100


def test_a_markup_shows_on_the_next_call(api: Api, provider: Provider) -> None:
    data(api.get("/prices?service=tg"))
    set_markup(Decimal(100))
    assert data(api.get("/prices?service=tg"))["items"][0]["priceCents"] == "60"


def test_an_unchanged_list_is_not_sent_again(api: Api, provider: Provider) -> None:
    first = api.get("/services")
    again = api.get("/services", If_None_Match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert first["Cache-Control"] == "private, max-age=3"
    set_markup(Decimal(100))
    assert api.get("/services", If_None_Match=first["ETag"]).status_code == 200


def test_a_list_is_compressed_for_those_who_can_read_it(api: Api, provider: Provider) -> None:
    zipped = api.get("/services", Accept_Encoding="br, gzip")
    assert zipped["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in zipped["Vary"]
    assert gzip.decompress(zipped.content) == api.get("/services").content
    for header in ("", "br", "gzip;q=0", "gzip; q=0.000"):
        assert "Content-Encoding" not in api.get("/services", Accept_Encoding=header)


@pytest.mark.parametrize("path", ["/services", "/countries", "/prices?service=tg"])
def test_a_warm_list_costs_one_statement_and_one_command(
    api: Api, provider: Provider, path: str, django_assert_num_queries: Any
) -> None:
    first = api.get(path)
    with (
        django_assert_num_queries(0),
        patch("accounts.selectors.read_prepared", wraps=read_prepared) as statements,
        patch.object(valkey, "evaluate", wraps=valkey.evaluate) as commands,
    ):
        assert api.get(path).content == first.content
    assert (statements.call_count, commands.call_count) == (1, 1)


def test_other_parameters_are_ignored(api: Api, provider: Provider) -> None:
    assert api.get("/prices?service=tg&country=7&page=2").content == api.get("/prices?service=tg").content


def test_countries_need_an_offer_but_no_stock(api: Api, provider: Provider) -> None:
    Country.objects.create(id=6, iso2="ID", slug="id", name="Indonesia")
    Offer.objects.update(count=0)
    rebuild_price_list()
    assert data(api.get("/countries")) == {"items": [{"id": 7, "slug": "my", "name": "Malaysia"}]}


def test_a_service_that_is_switched_off_is_unknown(api: Api, provider: Provider) -> None:
    Service.objects.update(is_enabled=False)
    rebuild_price_list()
    assert error(api.get("/prices?service=tg")) == (400, "BAD_SERVICE")
    assert data(api.get("/services")) == {"items": []}
