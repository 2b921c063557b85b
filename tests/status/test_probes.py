"""How each part of the shop is doing, by what it did last."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.topups.models import PaymentMethod, TopUpTerms
from catalog.models import Provider
from catalog.services.providers import pause_provider, set_provider
from jiema.alarms.models import Tick
from jiema.alarms.services import clear_alarm, raise_alarm
from jiema.status import probes
from jiema.watch import WORKER
from orders.services.stopping import stop_sales
from tests.conftest import WISH, Shopper, data

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _synced(provider: Provider) -> None:
    Provider.objects.update(synced_at=timezone.now())


def state(part: str) -> str:
    return next(str(each.state) for each in probes.read().parts if each.part == part)


def text(part: str) -> str:
    return next(str(each.text) for each in probes.read().parts if each.part == part)


def second_provider() -> Provider:
    fields = {"dialect": "hero", "base_url": "http://127.0.0.1:1", "api_key": "x"}
    found = set_provider("second", fields)[0]
    Provider.objects.update(synced_at=timezone.now())
    return found


def test_a_shop_where_all_is_well(provider: Provider) -> None:
    Tick.objects.create(name=WORKER)
    PaymentMethod.objects.create(gateway="bank")
    found = {each.part: str(each.state) for each in probes.read().parts}
    assert found == {
        "database": "up",
        "buying": "up",
        "supply": "up",
        "prices": "up",
        "codes": "unknown",
        "pay-bank": "up",
        "worker": "up",
    }


def test_a_stop_of_all_sales() -> None:
    stop_sales("The books: a rule")
    assert (state("buying"), text("buying")[:17]) == ("down", "Sales are paused.")
    assert probes.read().sales_paused_since is not None


@pytest.mark.parametrize(("paused", "expected"), [(["sandbox"], "impaired"), (["sandbox", "second"], "down")])
def test_providers_that_are_paused(paused: list[str], expected: str) -> None:
    second_provider()
    for each in Provider.objects.filter(name__in=paused):
        pause_provider(each.pk, "NO_BALANCE")
    assert state("supply") == expected


def test_a_provider_that_does_not_answer() -> None:
    raise_alarm("provider_down", "sandbox")
    assert state("supply") == "down"
    clear_alarm("provider_down", "sandbox")
    assert state("supply") == "up"


def test_a_shop_without_a_provider() -> None:
    Provider.objects.update(is_enabled=False)
    assert state("supply") == "down"


@pytest.mark.parametrize(("minutes", "expected"), [(14, "up"), (16, "impaired")])
def test_old_prices(minutes: int, expected: str) -> None:
    Provider.objects.update(synced_at=timezone.now() - timedelta(minutes=minutes))
    assert state("prices") == expected


@pytest.mark.parametrize(("seconds", "expected"), [(50, "up"), (70, "impaired")])
def test_a_worker_that_is_silent(seconds: int, expected: str) -> None:
    Tick.objects.create(name=WORKER, at=timezone.now() - timedelta(seconds=seconds))
    assert state("worker") == expected


def test_a_payment_service_that_does_not_answer() -> None:
    PaymentMethod.objects.create(gateway="bank")
    raise_alarm("gateway_down", "bank")
    assert state("pay-bank") == "down"


def test_top_ups_that_ops_have_closed() -> None:
    PaymentMethod.objects.create(gateway="bank")
    TopUpTerms.objects.create(pk=1, is_open=False)
    assert (state("pay-bank"), text("pay-bank")[:20]) == ("down", "Top-ups are paused. ")


def test_a_way_to_pay_without_its_keys_is_none(settings: Settings) -> None:
    PaymentMethod.objects.create(gateway="stripe")
    assert [each.part for each in probes.read().parts if each.part.startswith("pay-")] == []


@pytest.fixture
def _two_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "FEW", 2)


@pytest.mark.usefixtures("_two_are_enough")
def test_numbers_and_codes_of_the_last_hour(shopper: Shopper) -> None:
    first, second, third = (shopper.buy()["id"] for _ in range(3))
    shopper.deliver(first, "Your code is 417902.")
    shopper.order(first)
    for each in (second, third):
        data(shopper.api.post(f"/orders/{each}/cancel"))
    found = probes.read()
    assert found.hour == found.day == probes.Figures(asked=3, got=3, over=3, codes=1)
    assert (state("buying"), state("codes")) == ("up", "up")


@pytest.mark.usefixtures("_two_are_enough")
def test_an_hour_without_a_code(shopper: Shopper) -> None:
    for _ in range(2):
        data(shopper.api.post(f"/orders/{shopper.buy()['id']}/cancel"))
    assert state("codes") == "impaired"


@pytest.mark.usefixtures("_two_are_enough")
def test_an_hour_without_a_number(shopper: Shopper) -> None:
    shopper.sandbox.shop.stock(7, "tg", Decimal("0.30"), 0)
    for _ in range(2):
        assert shopper.api.post("/orders", WISH).status_code == 400
    assert (state("buying"), text("buying")[:14]) == ("down", "No order of th")
