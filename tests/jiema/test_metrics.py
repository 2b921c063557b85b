from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from catalog.models import Provider
from catalog.services.providers import pause_provider
from jiema import metrics, watch
from jiema.alarms.kinds import KINDS
from jiema.alarms.models import Tick
from jiema.alarms.services import clear_alarm, raise_alarm
from orders.models import Order
from orders.services import stopping
from tests.alarms.scene import figures
from tests.conftest import Shopper, data
from tests.orders.test_settling import held, sent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def token(settings: Settings) -> str:
    settings.METRICS_TOKEN = "figures"
    return "figures"


def asked(**headers: str) -> tuple[int, bool]:
    """Status, and whether there are figures."""
    response = Client().get("/metrics", headers=headers)
    return response.status_code, b"jiema_" in response.content


# Who may read them


@pytest.mark.parametrize(
    "header",
    [
        *["", "figures", "Bearer", "Bearer ", "Bearer figure", "Bearer figures ", "bearer figures", "Basic figures"],
        *["Bearer  figures", "Bearer FIGURES", "Bearer figür", "Bearer figures, Bearer figures"],
    ],
)
def test_without_the_token_there_is_nothing_here(header: str) -> None:
    assert asked(**({"Authorization": header} if header else {})) == (404, False)


def test_with_the_token_they_are_told() -> None:
    assert asked(Authorization="Bearer figures") == (200, True)


def test_the_token_in_the_address_is_none() -> None:
    assert Client().get("/metrics?token=figures&Authorization=Bearer+figures").status_code == 404


@pytest.mark.parametrize(("debug", "status"), [(False, 404), (True, 200)])
def test_where_none_is_set_only_a_laptop_tells(settings: Settings, debug: bool, status: int) -> None:
    settings.METRICS_TOKEN, settings.DEBUG = "", debug
    assert [asked()[0], asked(Authorization="Bearer ")[0]] == [status, status]


def test_they_are_only_read() -> None:
    client = Client(headers={"Authorization": "Bearer figures"})
    assert [client.post("/metrics").status_code, client.head("/metrics").status_code] == [405, 200]


def test_prometheus_can_read_every_line() -> None:
    response = Client().get("/metrics", headers={"Authorization": "Bearer figures"})
    assert response["Content-Type"] == metrics.CONTENT_TYPE
    names = {family.name for family in text_string_to_metric_families(response.content.decode())}
    assert names == {"jiema_alarms", "jiema_alarms_open", *metrics.GAUGES}


# What they tell


def test_alarms_are_counted_by_kind_raised_and_open() -> None:
    raise_alarm("late_sms", "a")
    raise_alarm("late_sms", "a")
    raise_alarm("late_sms", "b")
    clear_alarm("late_sms", "a")
    raise_alarm("late_sms", "a")
    assert (figures()["jiema_alarms_total", "late_sms"], figures()["jiema_alarms_open", "late_sms"]) == (4, 2)
    assert {key[1] for key in figures() if key[0] == "jiema_alarms_open"} == set(KINDS)


def test_a_kind_that_is_no_longer_one_breaks_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO alarms_alarm (code, subject, detail) VALUES ('of_old', '', '{}')")
    assert ("jiema_alarms_open", "of_old") not in figures()


def test_a_shop_without_anything_has_no_figure_but_the_alarms() -> None:
    assert {key[0] for key in figures()} == {"jiema_alarms_total", "jiema_alarms_open"}


def test_open_orders_by_status(shopper: Shopper) -> None:
    first = shopper.buy()["id"]
    shopper.buy()
    shopper.buy()
    shopper.deliver(first, "code 1111")
    shopper.order(first)
    told = figures()
    assert (told["jiema_orders_open", "WAITING"], told["jiema_orders_open", "RECEIVED"]) == (2, 1)


def test_unsettled_purchases_and_the_oldest_of_them(shopper: Shopper) -> None:
    assert ("jiema_purchases_unsettled", "sandbox") not in figures()
    for seconds in (30, 70):
        sent(held(shopper, "close"), seconds)
    told = figures()
    assert told["jiema_purchases_unsettled", "sandbox"] == 2
    assert 60 <= told["jiema_oldest_unsettled_seconds", "sandbox"] <= 80


def test_numbers_that_wait_to_be_given_back(shopper: Shopper) -> None:
    for order_id in [shopper.buy()["id"] for _ in range(2)]:
        data(shopper.api.post(f"/orders/{order_id}/cancel"))
    assert figures()["jiema_numbers_to_give_back", "sandbox"] == 2
    Order.objects.update(cancel_upstream_at=None)
    assert ("jiema_numbers_to_give_back", "sandbox") not in figures()


def test_a_providers_balance_pause_and_age(shopper: Shopper, provider: Provider) -> None:
    assert ("jiema_provider_balance", "sandbox") not in figures()
    shopper.sandbox.shop.account.balance = Decimal("12.34")
    watch.read_balances()
    Provider.objects.update(synced_at=Now() - timedelta(seconds=90))
    told = figures()
    assert (told["jiema_provider_balance", "sandbox"], told["jiema_provider_paused", "sandbox"]) == (12.34, 0)
    assert 80 <= told["jiema_catalogue_age_seconds", "sandbox"] <= 100
    pause_provider(provider.pk, "BANNED")
    assert figures()["jiema_provider_paused", "sandbox"] == 1


def test_a_provider_that_is_switched_off_is_not_watched(shopper: Shopper) -> None:
    watch.read_balances()
    Provider.objects.update(is_enabled=False, synced_at=Now())
    assert [key for key in figures() if key[1] == "sandbox"] == []


def test_stops_of_sales_by_who_stopped_them() -> None:
    stopping.stop_sales("a", "ann")
    stopping.stop_sales("b", "ann")
    stopping.stop_sales("c")
    told = figures()
    assert (told["jiema_sales_stopped", "ann"], told["jiema_sales_stopped", "the shop itself"]) == (2, 1)


def test_the_age_of_the_workers_last_tick() -> None:
    Tick.objects.create(name=watch.WORKER, at=Now() - timedelta(seconds=40))
    assert 30 <= figures()["jiema_tick_age_seconds", "worker"] <= 50


def test_labels_are_no_lines_of_their_own() -> None:
    stopping.stop_sales("a", 'ann"} 1\njiema_sales_stopped{by="ben')
    told = {key[1]: value for key, value in figures().items() if key[0] == "jiema_sales_stopped"}
    assert told == {'ann"} 1\njiema_sales_stopped{by="ben': 1}


def test_each_figure_is_one_query(shopper: Shopper) -> None:
    shopper.buy()
    with CaptureQueriesContext(connection) as queries:
        metrics.exposition()
    assert len(queries) == 1 + len(metrics.GAUGES)
