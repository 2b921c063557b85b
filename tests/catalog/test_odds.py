from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest

from catalog.models import CodeRate, Country, Offer, OfferOdds, Provider, Service
from catalog.odds import UNTRIED, Odds, Window
from catalog.selectors import code_rate, price_list
from catalog.services import odds as services
from catalog.services.odds import OfferHistory, store_odds
from catalog.services.pricing import rebuild_price_list
from tests.conftest import Api, data

RATE = Decimal("0.70")
TRIED = Window(57, 41, 49, 134)


def history(provider: Provider, day: Window = UNTRIED, week: Window | None = None, **pair: Any) -> OfferHistory:
    found = {"service_code": "tg", "country_id": 7, **pair}
    return OfferHistory(provider.pk, day=day, week=week or day, **found)


def of(bought: int, arrived: int) -> Window:
    return Window(bought, arrived, 50, 130) if arrived else Window(bought, 0, None, None)


def test_an_untried_offer_is_as_good_as_the_shop() -> None:
    assert Odds().chance(RATE) == RATE
    assert Odds().expected_cents(39, RATE) == 56  # 39 / 0.7 = 55.7


def test_few_numbers_move_the_chance_a_little() -> None:
    # Week (0 + 7) / 11, then the day (0 + 10 · that) / 11.
    assert round(Odds(of(1, 0), of(1, 0)).chance(RATE), 4) == Decimal("0.5785")


def test_many_numbers_decide() -> None:
    # Week (900 + 7) / 1010 = 0.898; the day (90 + 8.98) / 110.
    assert round(Odds(of(100, 90), of(1000, 900)).chance(RATE), 4) == Decimal("0.8998")


def test_an_offer_that_dried_up_today_falls_today() -> None:
    # Week (150 + 7) / 210 = 0.7476; the day (0 + 7.476) / 30 = 0.2492; 39 / 0.2492 = 156.5.
    odds = Odds(of(20, 0), of(200, 150))
    assert odds.expected_cents(39, RATE) == 157


def test_no_offer_is_hopeless_and_none_is_certain() -> None:
    assert 0 < Odds(of(1000, 0), of(1000, 0)).chance(RATE) < Decimal("0.01")
    assert Decimal("0.99") < Odds(of(1000, 1000), of(1000, 1000)).chance(RATE) < 1


@pytest.mark.parametrize(("bought", "is_tested"), [(0, False), (4, False), (5, True)])
def test_under_five_numbers_an_offer_is_not_tested(bought: int, is_tested: bool) -> None:
    assert of(bought, 0).is_tested is is_tested


def test_the_shop_s_rate_is_the_usual_one_at_first(provider: Provider) -> None:
    store_odds([history(provider, of(49, 10))])
    assert code_rate() == Decimal("0.70")


def test_the_shop_s_rate_comes_from_all_its_offers(provider: Provider) -> None:
    Country.objects.create(id=6, iso2="ID", slug="id", name="Indonesia")
    store_odds([history(provider, of(60, 30)), history(provider, of(40, 30), country_id=6)])
    assert code_rate() == Decimal("0.60")


def test_the_shop_s_rate_moves_by_steps(provider: Provider) -> None:
    store_odds([history(provider, of(100, 60))])
    store_odds([history(provider, of(100, 62))])
    assert code_rate() == Decimal("0.60")
    store_odds([history(provider, of(100, 63))])
    assert code_rate() == Decimal("0.63")
    assert CodeRate.objects.count() == 1


def test_the_shop_s_rate_never_makes_a_code_unaffordable(provider: Provider) -> None:
    store_odds([history(provider, of(100, 0))])
    assert code_rate() == Decimal("0.05")


def price(api: Api) -> Any:
    (row,) = data(api.get("/prices?service=tg"))["items"]
    return row


def test_prices_tell_the_odds(api: Api, provider: Provider) -> None:
    store_odds([history(provider, TRIED, Window(60, 44, 50, 140))])
    # The shop's rate is 44 of 60: 0.73. Week (44 + 7.3) / 70 = 0.7329; day (41 + 7.329) / 67 = 0.7213.
    assert price(api) == {
        "countryId": 7,
        "countrySlug": "my",
        "priceCents": "39",
        "count": 100,
        "odds24h": {"bought": 57, "arrived": 41, "medianSeconds": 49, "p90Seconds": 134},
        "odds7d": {"bought": 60, "arrived": 44, "medianSeconds": 50, "p90Seconds": 140},
        "expectedCents": "55",
    }


def test_too_few_numbers_are_no_odds(api: Api, provider: Provider) -> None:
    store_odds([history(provider, of(4, 4), of(5, 0))])
    row = price(api)
    assert row["odds24h"] is None
    assert row["odds7d"] == {"bought": 5, "arrived": 0, "medianSeconds": None, "p90Seconds": None}


def test_the_odds_of_another_provider_are_not_this_one_s(api: Api, provider: Provider) -> None:
    other = Provider.objects.create(name="other", dialect="hero", base_url="http://127.0.0.1:1", api_key="k")
    store_odds([history(other, TRIED)])
    assert price(api)["odds24h"] is None


def test_prices_stay_cheapest_first_whatever_the_odds(api: Api, provider: Provider) -> None:
    Country.objects.create(id=6, iso2="ID", slug="id", name="Indonesia")
    Offer.objects.create(provider=provider, service_id="tg", country_id=6, cost=Decimal("0.20"), count=1)
    rebuild_price_list()
    store_odds([history(provider, of(30, 0), country_id=6), history(provider, of(30, 30))])
    found = [(row["countryId"], int(row["expectedCents"])) for row in data(api.get("/prices?service=tg"))["items"]]
    # The shop's rate is 30 of 60. Indonesia: week 5 / 40, day 1.25 / 40, 26 cents. Malaysia: 35 / 40, 38.75 / 40.
    assert found == [(6, 832), (7, 41)]


def etag(api: Api) -> str:
    return api.get("/prices?service=tg")["ETag"]


def test_prices_change_their_tag_with_the_odds(api: Api, provider: Provider) -> None:
    store_odds([history(provider, of(20, 14))])
    before = etag(api)
    assert store_odds([history(provider, of(21, 15))]) == 1
    assert etag(api) != before


def test_prices_keep_their_tag_where_nothing_changed(api: Api, provider: Provider) -> None:
    store_odds([history(provider, of(20, 14))])
    before = etag(api)
    assert store_odds([history(provider, of(20, 14))]) == 0
    assert api.get("/prices?service=tg", If_None_Match=before).status_code == 304


def test_prices_keep_their_tag_where_the_offer_is_not_on_sale(api: Api, provider: Provider) -> None:
    Service.objects.create(code="wa", slug="whatsapp", name="WhatsApp")
    before = etag(api)
    assert store_odds([history(provider, of(20, 14), service_code="wa")]) == 1
    assert etag(api) == before


def test_prices_change_their_tag_when_the_odds_are_over(api: Api, provider: Provider) -> None:
    store_odds([history(provider, TRIED)])
    before = etag(api)
    assert store_odds([]) == 1
    assert etag(api) != before
    assert not OfferOdds.objects.exists()


def test_a_busy_catalogue_is_left_alone(provider: Provider) -> None:
    with patch.object(services, "try_lock_catalogue", return_value=False):
        assert store_odds([history(provider, TRIED)]) == 0
    assert not OfferOdds.objects.exists()


def test_reading_prices_costs_four_statements(provider: Provider, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4):
        price_list("tg")
