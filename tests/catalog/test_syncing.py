import json
from collections.abc import Iterator
from decimal import Decimal
from unittest.mock import Mock, patch

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from catalog import tasks
from catalog.models import CatalogueVersion, Country, Offer, Price, Provider, Service
from catalog.selectors import countries_on_sale
from catalog.services import syncing
from catalog.services.providers import set_provider
from catalog.services.syncing import Busy, Refused, sync_catalogue
from catalog.upstream.sandbox import Sandbox
from catalog.upstream.types import CountryRow, OfferRow, ServiceRow
from jiema import health
from jiema.alarms.models import Alarm


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


class Listing:
    """A provider that lists what a test says."""

    def __init__(self, *offers: OfferRow) -> None:
        self._offers = list(offers)
        self.names: dict[str, str] = {}
        self.was_in_transaction: bool | None = None

    def countries(self) -> list[CountryRow]:
        return [CountryRow(7, "Malaysia"), CountryRow(62, "Turkey"), CountryRow(900, "Atlantis")]

    def services(self) -> list[ServiceRow]:
        return [ServiceRow(code, name) for code, name in self.names.items()]

    def offers(self) -> list[OfferRow]:
        self.was_in_transaction = connection.in_atomic_block
        return self._offers


def offer(service: str, cost: str = "0.30", country: int = 7, count: int = 5) -> OfferRow:
    return OfferRow(country, service, Decimal(cost), count)


@pytest.fixture
def fresh(db: None) -> Provider:
    """A provider that was never synced, without a markup."""
    fields = {"dialect": "hero", "base_url": "http://127.0.0.1:9", "api_key": "k", "calls_per_second": None}
    return set_provider("fresh", fields)[0]


def sync(provider: Provider, listing: Listing) -> int:
    with patch.object(syncing, "upstream_for", return_value=listing):
        return sync_catalogue(provider)


def test_names_come_from_the_reference(fresh: Provider) -> None:
    sync(fresh, Listing(offer("tg"), offer("tg", country=62), offer("tg", country=900)))
    assert list(Country.objects.order_by("id").values_list("id", "iso2", "slug", "name")) == [
        (7, "MY", "my", "Malaysia"),
        (62, "TR", "tr", "Türkiye"),
        (900, "", "country-900", "Atlantis"),
    ]
    assert Service.objects.get(pk="tg").name == "Telegram"


def test_an_unknown_service_gets_a_free_slug(fresh: Provider) -> None:
    listing = Listing(offer("zzq"), offer("zzr"), offer("zzs"), offer("tg"))
    listing.names = {"zzq": "Telegram", "zzr": "tg", "zzs": "…"}
    sync(fresh, listing)
    slugs = dict(Service.objects.values_list("code", "slug"))
    assert slugs == {"tg": "telegram", "zzq": "telegram-2", "zzr": "tg-2", "zzs": "service-zzs"}


def test_a_code_that_is_anothers_slug_stays_out(fresh: Provider) -> None:
    with patch.object(syncing.naming, "log", Mock()) as log:
        assert sync(fresh, Listing(offer("tg"), offer("telegram", "0.01"))) == 1
    log.error.assert_called_once_with("service_codes_clash", codes=["telegram"])
    assert list(Service.objects.values_list("code", flat=True)) == ["tg"]


def test_names_that_ops_changed_stay(fresh: Provider) -> None:
    sync(fresh, Listing(offer("tg")))
    Service.objects.filter(pk="tg").update(name="Telegram Messenger")
    sync(fresh, Listing(offer("tg", "0.40")))
    assert Service.objects.get(pk="tg").name == "Telegram Messenger"


def test_the_rent_of_a_whole_number_is_not_sold(fresh: Provider) -> None:
    assert sync(fresh, Listing(offer("tg"), offer("full"))) == 1
    assert list(Offer.objects.values_list("service", flat=True)) == ["tg"]


def test_dollars_are_rounded_up_so_that_the_cap_is_never_short(fresh: Provider) -> None:
    Provider.objects.update(usd_rate=Decimal("0.0125"))
    fresh.refresh_from_db()
    sync(fresh, Listing(offer("tg", "0.2990")))  # 0.0037375
    assert Offer.objects.get().cost == Decimal("0.0038")


def test_an_absurd_cost_is_not_for_sale(fresh: Provider) -> None:
    assert sync(fresh, Listing(offer("tg"), offer("wa", "10000.0001"))) == 1
    assert list(Price.objects.values_list("service", flat=True)) == ["tg"]


def test_no_transaction_is_open_while_the_provider_is_read(transactional_db: None, fresh: Provider) -> None:
    listing = Listing(offer("tg"))
    sync(fresh, listing)
    assert listing.was_in_transaction is False


def test_a_country_without_stock_is_listed_once_it_was_named(fresh: Provider) -> None:
    sync(fresh, Listing(offer("tg")))
    before = CatalogueVersion.objects.get().version
    sync(fresh, Listing(offer("tg"), offer("tg", country=62, count=0)))
    assert [row["id"] for row in countries_on_sale()] == [7, 62]
    assert CatalogueVersion.objects.get().version == before + 1


def test_a_change_that_no_list_shows_leaves_the_version(fresh: Provider) -> None:
    sync(fresh, Listing(offer("tg"), offer("tg", country=62, count=0)))
    before = CatalogueVersion.objects.get().version
    assert sync(fresh, Listing(offer("tg"), offer("tg", "9.99", country=62, count=0))) == 1
    assert CatalogueVersion.objects.get().version == before


@pytest.mark.parametrize("limit", [1, 20_000])
def test_a_part_and_the_whole_are_rebuilt_alike(fresh: Provider, limit: int) -> None:
    sync(fresh, Listing(offer("tg"), offer("wa"), offer("tg", country=62)))
    with patch.object(syncing, "WHOLE_LIST_FROM", limit):
        sync(fresh, Listing(offer("tg", "0.50"), offer("tg", country=62)))
    assert sorted(Price.objects.values_list("service", "country", "price_cents")) == [("tg", 7, 50), ("tg", 62, 30)]


@pytest.fixture
def other_sync(fresh: Provider) -> Iterator[None]:
    """A sync of the same provider that another process is at."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [syncing.SYNC_LOCK, fresh.pk])
        yield


def test_one_sync_of_a_provider_at_a_time(fresh: Provider, other_sync: None) -> None:
    with pytest.raises(Busy):
        sync(fresh, Listing(offer("tg")))
    fresh.refresh_from_db()
    assert (fresh.sync_error, Offer.objects.count()) == ("", 0)


def test_a_refused_reply_alarms(synced: Provider, sandbox: Sandbox) -> None:
    sandbox.fail("getPrices", "reply", body="{}")
    with pytest.raises(Refused):
        sync_catalogue(synced)
    assert Alarm.objects.get(cleared_at=None).code == "catalogue_refused"
    sync_catalogue(synced)
    assert not Alarm.objects.filter(cleared_at=None).exists()


def test_ops_may_believe_a_shrunken_reply(synced: Provider, sandbox: Sandbox) -> None:
    sandbox.fail("getPrices", "reply", body='{"7":{"tg":{"cost":0.3,"count":5}}}')
    call_command("sync_catalogue", "--believe")
    assert Price.objects.get().count == 5


def test_one_providers_failure_does_not_stop_the_others(provider: Provider, sandbox: Sandbox) -> None:
    fields = {"dialect": "hero", "base_url": "http://127.0.0.1:9", "api_key": "k", "calls_per_second": None}
    dead = set_provider("a-dead-one", fields)[0]
    set_provider("off", fields | {"is_enabled": False})
    with patch.object(tasks.sync_provider, "delay", tasks.sync_provider):
        tasks.sync()
    synced = dict(Provider.objects.values_list("name", "synced_at"))
    assert [name for name, at in synced.items() if at] == ["sandbox"]
    dead.refresh_from_db()
    assert dead.sync_error.startswith("the provider could not be read: NO_CONNECTION")


def test_the_command_needs_a_provider(db: None) -> None:
    with pytest.raises(CommandError, match="There is no enabled provider"):
        call_command("sync_catalogue")
