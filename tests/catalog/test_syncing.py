import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from catalog.models import Country, Offer, Price, Provider, Service
from catalog.services.syncing import Refused, sync_catalogue
from catalog.upstream.sandbox import Sandbox
from jiema import health


@pytest.fixture
def synced(provider: Provider) -> Provider:
    sync_catalogue(provider)
    provider.refresh_from_db()
    return provider


def writes() -> int:
    """Rows inserted, updated or deleted in the catalogue's tables so far, by the server's own count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables"
            " WHERE relname IN ('catalog_offer', 'catalog_price', 'catalog_country', 'catalog_service',"
            " 'catalog_servicesummary', 'catalog_catalogueversion')"
        )
        return int(cursor.fetchone()[0])


def test_all_offers_come_in(synced: Provider, sandbox: Sandbox) -> None:
    assert Offer.objects.filter(count__gt=0).count() == Price.objects.count()
    assert Price.objects.count() >= 60
    assert Country.objects.get(pk=6).name == "Indonesia"
    assert Service.objects.get(pk="go").slug == "google"
    assert not Service.objects.filter(pk="full").exists()


def test_nothing_is_written_where_nothing_changed(synced: Provider) -> None:
    before = writes()
    assert sync_catalogue(synced) == 0
    assert writes() == before


def test_a_change_upstream_changes_its_line_only(synced: Provider, sandbox: Sandbox) -> None:
    sandbox.shop.stock(7, "tg", Decimal("0.40"), 55)
    assert sync_catalogue(synced) == 1
    price = Price.objects.get(service="tg", country=7)
    assert (price.cost, price.price_cents, price.count) == (Decimal("0.4000"), 52, 55)


def test_a_pair_missing_from_a_whole_reply_is_out_of_stock(synced: Provider, sandbox: Sandbox) -> None:
    sandbox.shop.stock(7, "tg", None, 0)
    sync_catalogue(synced)
    assert Offer.objects.get(service="tg", country=7).count == 0
    assert not Price.objects.filter(service="tg", country=7).exists()


@pytest.mark.parametrize("action", ["getPrices", "getCountries", "getServicesList"])
@pytest.mark.parametrize("fault", ["cut", "html", "empty", "502", "close", "429"])
def test_a_failed_read_leaves_the_old_catalogue(synced: Provider, sandbox: Sandbox, action: str, fault: str) -> None:
    prices = list(Price.objects.order_by("pk").values())
    sandbox.fail(action, fault, times=None)
    with pytest.raises(Refused):
        sync_catalogue(synced)
    assert list(Price.objects.order_by("pk").values()) == prices
    synced.refresh_from_db()
    assert synced.sync_error


@pytest.mark.parametrize("body", ["{}", '{"7":{"tg":{"cost":0.3,"count":5}}}'])
def test_a_reply_under_half_of_the_last_is_not_believed(synced: Provider, sandbox: Sandbox, body: str) -> None:
    prices = Price.objects.count()
    sandbox.fail("getPrices", "reply", body=body)
    with pytest.raises(Refused):
        sync_catalogue(synced)
    assert Price.objects.count() == prices


def test_unknown_codes_come_in_as_new(synced: Provider, sandbox: Sandbox) -> None:
    rows = {}
    for offer in Offer.objects.all():
        rows.setdefault(str(offer.country_id), {})[offer.service_id] = {"cost": 0.3, "count": 5}
    rows["901"] = {"zzq": {"cost": "0.2500", "count": "7"}}
    sandbox.fail("getPrices", "reply", body=json.dumps(rows))
    sync_catalogue(synced)
    assert Price.objects.get(country=901, service="zzq").price_cents == 33
    assert Service.objects.get(pk="zzq").slug == "service-zzq"


def test_costs_in_another_currency_become_dollars(provider: Provider) -> None:
    Provider.objects.update(currency="RUB", usd_rate=Decimal("0.0125"))
    provider.refresh_from_db()
    sync_catalogue(provider)
    assert Offer.objects.get(service="tg", country=7).cost == Decimal("0.0038")


def test_readiness_names_a_catalogue_that_was_never_synced(provider: Provider) -> None:
    found = {check.name: check for check in health.checks()}
    assert (found["catalogue"].ok, "sandbox" in found["catalogue"].detail) == (False, True)
    sync_catalogue(provider)
    assert all(check.ok for check in health.checks())


def test_the_command_says_what_it_did(provider: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("sync_catalogue")
    said = capsys.readouterr().out
    assert "sandbox: " in said
    assert f"{Price.objects.count()} prices are in force." in said


def test_the_command_fails_with_a_sentence(provider: Provider, sandbox: Sandbox) -> None:
    sandbox.stop()
    with pytest.raises(CommandError, match="the old catalogue stays"):
        call_command("sync_catalogue")
