from decimal import ROUND_CEILING, Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import BadCountry, BadService, NoNumbers
from catalog.models import (
    CatalogueVersion,
    Country,
    Offer,
    Price,
    PriceRule,
    Provider,
    Service,
    ServiceSummary,
)
from catalog.selectors import Quote, quote
from catalog.services.pricing import CATALOGUE_LOCK, rebuild_price_list, refresh_offer, set_markup


def version() -> int:
    return CatalogueVersion.objects.get().version


def price() -> int:
    rebuild_price_list()
    return Price.objects.get().price_cents


def rule(percent: str, service: str | None = None, country: int | None = None, **more: object) -> PriceRule:
    return PriceRule.objects.create(service_id=service, country_id=country, percent=Decimal(percent), **more)


def test_the_most_specific_rule_wins(provider: Provider) -> None:
    assert price() == 39  # everything: 30 %
    rule("100", country=7)
    assert price() == 60
    rule("200", service="tg")
    assert price() == 90
    pair = rule("300", service="tg", country=7)
    assert price() == 120
    assert Price.objects.get().rule_id == pair.pk


def test_a_fixed_addition_comes_on_top(provider: Provider) -> None:
    rule("10", service="tg", fixed_cents=5)
    assert price() == 38


def test_the_floor_is_the_cost_unless_ops_allow_less(provider: Provider) -> None:
    below = rule("-50", service="tg")
    assert price() == 30
    PriceRule.objects.filter(pk=below.pk).update(allow_below_cost=True)
    assert price() == 15


def test_nothing_is_free(provider: Provider) -> None:
    rule("-100", service="tg", allow_below_cost=True)
    assert price() == 1


def test_without_a_rule_the_price_is_the_cost_rounded_up(provider: Provider) -> None:
    PriceRule.objects.all().delete()
    Offer.objects.update(cost=Decimal("0.1201"))
    assert price() == 13


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cost=st.decimals(min_value=0, max_value=500, places=4),
    percent=st.decimals(min_value=-100, max_value=1000, places=2),
    fixed=st.integers(-500, 500),
    below=st.booleans(),
)
def test_prices_are_exact(provider: Provider, cost: Decimal, percent: Decimal, fixed: int, below: bool) -> None:
    PriceRule.objects.all().delete()
    rule(str(percent), fixed_cents=fixed, allow_below_cost=below)
    Offer.objects.update(cost=cost)
    marked = int((cost * (100 + percent)).to_integral_value(ROUND_CEILING)) + fixed
    floor = int((cost * 100).to_integral_value(ROUND_CEILING))
    assert price() == max(1, marked if below else max(marked, floor))


def test_the_cheapest_provider_with_stock_sells(provider: Provider) -> None:
    other = Provider.objects.create(name="other", dialect="tiger", base_url="http://127.0.0.1:9", api_key="k")
    Offer.objects.create(provider=other, service_id="tg", country_id=7, cost=Decimal("0.10"), count=5)
    assert price() == 13
    assert quote("tg", "my").provider_id == other.pk
    Offer.objects.filter(provider=other).update(count=0)
    assert price() == 39
    assert quote("tg", "my").provider_id == provider.pk


@pytest.mark.parametrize("switch", [Provider, Country, Service, Offer])
def test_every_switch_takes_the_pair_off_sale(provider: Provider, switch: type) -> None:
    switch.objects.update(is_enabled=False)  # type: ignore[attr-defined]
    rebuild_price_list()
    assert (Price.objects.count(), ServiceSummary.objects.count()) == (0, 0)


def test_the_version_rises_only_with_a_change(provider: Provider) -> None:
    before = version()
    assert rebuild_price_list() == 0
    assert version() == before
    set_markup(Decimal(31))
    assert version() == before + 1


def test_the_command_sets_the_global_markup(provider: Provider) -> None:
    call_command("set_markup", "50")
    assert Price.objects.get().price_cents == 45


@pytest.mark.parametrize("percent", ["much", "-101", "nan", "1e9", "33.333"])
def test_the_command_refuses_nonsense(provider: Provider, percent: str) -> None:
    with pytest.raises(CommandError):
        call_command("set_markup", "--", percent)
    assert Price.objects.get().price_cents == 39


def test_a_quote_takes_codes_ids_and_slugs(provider: Provider) -> None:
    expected = Quote(
        floor_cents=30,
        is_paused=False,
        service_code="tg",
        country_id=7,
        provider_id=provider.pk,
        cost=Decimal("0.3000"),
        price_cents=39,
        rule_id=PriceRule.objects.get().pk,
        catalogue_version=version(),
    )
    for service in ("tg", "telegram"):
        for country in ("7", "my"):
            assert quote(service, country) == expected


def test_a_quote_is_one_statement(provider: Provider, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        quote("tg", "my")


@pytest.mark.parametrize(
    ("service", "country", "refusal"),
    [
        ("nope", "7", BadService),
        ("", "7", BadService),
        ("nope", "nope", BadService),
        ("tg", "nope", BadCountry),
        ("tg", "999999999999", BadCountry),
        ("tg", "-7", BadCountry),
        ("tg", "7.0", BadCountry),
    ],
)
def test_a_quote_for_what_is_not_known(
    provider: Provider, service: str, country: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        quote(service, country)


def test_a_known_pair_without_stock_has_no_numbers(provider: Provider) -> None:
    Offer.objects.update(count=0)
    rebuild_price_list()
    with pytest.raises(NoNumbers):
        quote("tg", "my")


@pytest.mark.parametrize(("switch", "refusal"), [(Service, BadService), (Country, BadCountry), (Provider, NoNumbers)])
def test_a_quote_for_what_is_switched_off(provider: Provider, switch: type, refusal: type[Exception]) -> None:
    switch.objects.update(is_enabled=False)  # type: ignore[attr-defined]
    rebuild_price_list()
    with pytest.raises(refusal):
        quote("tg", "my")


@pytest.fixture
def indonesia(provider: Provider) -> Country:
    country = Country.objects.create(id=6, iso2="ID", slug="id", name="Indonesia")
    Offer.objects.create(provider=provider, service_id="tg", country=country, cost=Decimal("0.20"), count=11)
    rebuild_price_list()
    return country


def test_a_dearer_offer_is_refreshed_alone(provider: Provider, indonesia: Country) -> None:
    Offer.objects.filter(country=indonesia).update(cost=Decimal(9))  # not rebuilt yet
    refresh_offer(provider.pk, "tg", 7, Decimal("0.50"))
    assert Offer.objects.get(country=7).cost == Decimal("0.5000")
    assert dict(Price.objects.values_list("country", "price_cents")) == {6: 26, 7: 65}
    summary = ServiceSummary.objects.get()
    assert (summary.min_price_cents, summary.total_count, summary.country_count) == (26, 111, 2)


@pytest.mark.parametrize("least", [None, Decimal("10000.01")])
def test_an_offer_whose_new_cost_is_not_known_is_out_of_stock(
    provider: Provider, indonesia: Country, least: Decimal | None
) -> None:
    refresh_offer(provider.pk, "tg", 7, least)
    assert Offer.objects.get(country=7).count == 0
    assert list(Price.objects.values_list("country", flat=True)) == [6]
    assert ServiceSummary.objects.get().total_count == 11


def test_the_next_cheapest_provider_takes_over_from_a_dearer_one(provider: Provider) -> None:
    other = Provider.objects.create(name="other", dialect="tiger", base_url="http://127.0.0.1:9", api_key="k")
    Offer.objects.create(provider=other, service_id="tg", country_id=7, cost=Decimal("0.40"), count=5)
    refresh_offer(provider.pk, "tg", 7, Decimal("0.50"))
    assert (quote("tg", "my").provider_id, quote("tg", "my").price_cents) == (other.pk, 52)


def test_a_told_price_is_in_the_providers_currency(provider: Provider) -> None:
    Provider.objects.update(usd_rate=Decimal("0.0125"))
    refresh_offer(provider.pk, "tg", 7, Decimal("40.001"))
    assert Offer.objects.get().cost == Decimal("0.5001")


def test_the_command_keeps_the_fixed_addition_and_says_so(
    provider: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    PriceRule.objects.update(fixed_cents=5)
    call_command("set_markup", "10")
    assert Price.objects.get().price_cents == 38
    assert capsys.readouterr().out == "The markup is 10 % and 5 cents now; 1 prices are in force.\n"


@pytest.mark.django_db(transaction=True)
def test_a_refused_purchase_does_not_wait_for_another_writer_of_the_catalogue(provider: Provider) -> None:
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [CATALOGUE_LOCK])
        refresh_offer(provider.pk, "tg", 7, Decimal("0.50"))
        assert Offer.objects.get().cost == Decimal("0.3000")
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [CATALOGUE_LOCK])
    finally:
        other.close()
    refresh_offer(provider.pk, "tg", 7, Decimal("0.50"))
    assert Offer.objects.get().cost == Decimal("0.5000")
