from collections.abc import Iterator
from decimal import Decimal

import pytest

from catalog.upstream.sandbox import Sandbox, VirtualClock
from tests.upstream.sandbox_caller import FIRST_ID, TELEGRAM_INDONESIA, call


@pytest.fixture(params=["hero", "classic"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(profile=request.param, clock=VirtualClock(), never=1, first_id=FIRST_ID) as sandbox:
        sandbox.shop.stock(6, "tg", Decimal("0.2500"), 420)
        yield sandbox


def test_all_prices_are_twenty_thousand_pairs(sandbox: Sandbox):
    prices = call(sandbox, "getPrices").json
    assert len(prices) == 195
    assert sum(map(len, prices.values())) == 20_000
    assert prices["6"]["tg"] == {"cost": 0.25, "count": 420, "physicalCount": 52}


def test_prices_follow_the_stock(sandbox: Sandbox):
    call(sandbox, "getPrices")
    call(sandbox, "getNumber", **TELEGRAM_INDONESIA)
    assert call(sandbox, "getPrices").json["6"]["tg"]["count"] == 419


def test_prices_of_a_service_a_country_and_a_pair(sandbox: Sandbox):
    assert len(call(sandbox, "getPrices", service="tg").json) == 195
    assert list(call(sandbox, "getPrices", country=6).json) == ["6"]
    pair = call(sandbox, "getPrices", **TELEGRAM_INDONESIA).json
    assert pair == {"6": {"tg": {"cost": 0.25, "count": 420, "physicalCount": 52}}}


def test_what_is_out_of_stock_is_absent(sandbox: Sandbox):
    sandbox.shop.stock(6, "tg", None, 0)
    assert "tg" not in call(sandbox, "getPrices").json["6"]
    assert call(sandbox, "getPrices", **TELEGRAM_INDONESIA).json == {}
    assert "tg" not in call(sandbox, "getNumbersStatus", country=6).json


def test_prices_of_nothing(sandbox: Sandbox):
    assert call(sandbox, "getPrices", country=0).json == {}
    assert call(sandbox, "getPrices", service="zzzz").json == {
        "status": "false",
        "msg": "service is incorrect",
    }


def test_countries_are_an_object_by_id(sandbox: Sandbox):
    countries = call(sandbox, "getCountries").json
    assert len(countries) == 195
    assert (countries["6"]["id"], countries["6"]["eng"], countries["6"]["visible"]) == (6, "Indonesia", 1)


def test_services_are_a_list_of_code_and_name(sandbox: Sandbox):
    answer = call(sandbox, "getServicesList").json
    assert answer["status"] == "success"
    assert answer["services"][0] == {"code": "full", "name": "Full rent"}
    assert {"code": "tg", "name": "Telegram"} in answer["services"]
    sold = {code for country in call(sandbox, "getPrices").json.values() for code in country}
    assert {service["code"] for service in answer["services"]} == sold | {"full"}


def test_services_of_a_country(sandbox: Sandbox):
    listed = {service["code"] for service in call(sandbox, "getServicesList", country=6).json["services"]}
    assert listed == set(call(sandbox, "getPrices", country=6).json["6"])


def test_operators(sandbox: Sandbox):
    assert "telkomsel" in call(sandbox, "getOperators").json["countryOperators"]["6"]
    assert list(call(sandbox, "getOperators", country=6).json["countryOperators"]) == ["6"]
    assert "OPERATORS_NOT_FOUND" in call(sandbox, "getOperators", country=170).body


def test_numbers_status_counts_a_country(sandbox: Sandbox):
    count = call(sandbox, "getNumbersStatus", country=6).json["tg"]
    assert count == {"hero": 420, "classic": "420"}[sandbox.profile.name]


@pytest.mark.parametrize("action", ["getTopCountriesByService", "getTopCountriesByServiceRank"])
def test_top_countries_are_ranked_by_stock(sandbox: Sandbox, action: str):
    sandbox.shop.stock(6, "tg", None, 5_000_000)
    top = call(sandbox, action, service="tg").json
    assert len(top) == 195
    assert top["0"] == {"country": 6, "price": 0.25, "retail_price": 0.3, "count": 5_000_000}


@pytest.mark.parametrize(("word", "has_tiers"), [("true", True), ("1", True), ("False", False), ("0", False)])
def test_top_countries_show_tiers_on_wish(sandbox: Sandbox, word: str, has_tiers: bool):
    top = call(sandbox, "getTopCountriesByService", service="tg", freePrice=word).json
    assert ("freePriceMap" in top["0"]) is has_tiers


def test_top_countries_of_all_services(sandbox: Sandbox):
    assert len(call(sandbox, "getTopCountriesByService").json["tg"]) == 195
