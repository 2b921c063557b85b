from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import User
from catalog.models import CatalogueVersion, Country, OfferOdds, Provider, Service
from catalog.odds import Window
from catalog.services.providers import set_provider
from orders import tasks
from orders.models import Order, Sms, Status
from orders.services.odds import roll_up_odds
from tests.conftest import NOW, unguard

Past = Callable[..., Order]


@pytest.fixture
def past(alice: User, provider: Provider) -> Iterator[Past]:
    """Writes orders of Alice's into the past, without their money, and takes them away again."""
    unguard()

    def order(
        hours_ago: float = 2,
        code_after: float | None = None,
        ended: Status | None = None,
        ended_after: float = 1200,
        **fields: object,
    ) -> Order:
        bought = NOW - timedelta(hours=hours_ago)
        status = ended or (Status.COMPLETED if code_after is not None else Status.FAILED)
        fields.setdefault("activation_id", str(Order.objects.count()))
        fields.setdefault("bought_at", bought)
        made = Order.objects.create(
            **{"user": alice, "service_id": "tg", "country_id": 7, "provider": provider, **fields},
            status=status,
            charged_cents=39,
            refunded_cents=39 if status in (Status.FAILED, Status.CANCELLED) else 0,
            cost=Decimal("0.30"),
            catalogue_version=1,
            failed_at=bought + timedelta(seconds=ended_after) if status == Status.FAILED else None,
            cancelled_at=bought + timedelta(seconds=ended_after) if status == Status.CANCELLED else None,
        )
        if code_after is not None:
            Sms.objects.create(order=made, body="12345", received_at=bought + timedelta(seconds=code_after))
        return made

    yield order
    Sms.objects.all().delete()
    Order.objects.all().delete()


def day() -> Window:
    """Of Telegram in Malaysia, as rolled up now."""
    tasks.roll_up_odds()
    return OfferOdds.objects.get(service="tg", country=7).odds.day


def version() -> int:
    return CatalogueVersion.objects.get().version


def test_median_and_nine_in_ten_of_the_codes_that_came(past: Past) -> None:
    for seconds in (10, 20, 30, 40, 50, 60, 70, 80, 90, 100.2):
        past(code_after=seconds)
    past(), past()
    assert day() == Window(bought=12, arrived=10, median_seconds=50, p90_seconds=90)


def test_only_the_first_sms_of_a_number_tells_how_soon(past: Past) -> None:
    order = past(code_after=12)
    Sms.objects.create(order=order, body="second", received_at=NOW - timedelta(hours=1))
    assert day() == Window(1, 1, 12, 12)


def test_part_of_a_second_counts_as_a_whole_one(past: Past) -> None:
    past(code_after=8.2)
    assert day() == Window(1, 1, 9, 9)


def test_where_no_code_came_there_are_no_seconds(past: Past) -> None:
    past()
    assert day() == Window(1, 0, None, None)


def test_young_numbers_count_neither_with_a_code_nor_without(past: Past) -> None:
    past(hours_ago=0.3, code_after=5)
    past(hours_ago=0.3, ended=Status.WAITING)
    assert roll_up_odds() == 0
    assert not OfferOdds.objects.exists()


def test_a_number_that_waits_past_its_time_has_brought_no_code(past: Past) -> None:
    past(hours_ago=0.4, ended=Status.WAITING)
    assert day() == Window(1, 0, None, None)


def test_a_code_counts_while_its_order_waits_for_the_next_one(past: Past) -> None:
    past(code_after=30, ended=Status.WAITING)
    past(code_after=40, ended=Status.RECEIVED)
    assert day() == Window(2, 2, 30, 40)


def test_given_back_after_a_wait_is_a_number_without_a_code(past: Past) -> None:
    past(ended=Status.CANCELLED, ended_after=20)
    assert day() == Window(1, 0, None, None)


def test_given_back_at_once_does_not_count(past: Past) -> None:
    past(ended=Status.CANCELLED, ended_after=19)
    assert roll_up_odds() == 0


def test_ended_by_the_provider_at_once_counts(past: Past) -> None:
    past(ended=Status.FAILED, ended_after=3)
    assert day() == Window(1, 0, None, None)


@pytest.mark.parametrize("ended", [Status.FAILED, Status.CANCELLED])
def test_a_number_found_after_its_order_was_over_does_not_count(past: Past, ended: Status) -> None:
    past(ended=ended, ended_after=-60)
    assert roll_up_odds() == 0


@pytest.mark.parametrize("ended", [Status.FAILED, Status.CANCELLED])
def test_a_code_after_the_refund_did_not_arrive(past: Past, ended: Status) -> None:
    past(code_after=1300, ended=ended)
    assert day() == Window(1, 0, None, None)


def test_without_a_number_there_is_nothing_to_count(past: Past) -> None:
    past(activation_id=None, bought_at=None)
    assert roll_up_odds() == 0


def test_a_day_and_seven_days(past: Past) -> None:
    past(hours_ago=1, code_after=10)
    past(hours_ago=25, code_after=30)
    past(hours_ago=7 * 24 + 1, code_after=50)
    roll_up_odds()
    odds = OfferOdds.objects.get().odds
    assert odds.day == Window(1, 1, 10, 10)
    assert odds.week == Window(2, 2, 10, 30)


def test_offers_do_not_mix(past: Past, provider: Provider) -> None:
    other, _ = set_provider("other", {"dialect": "hero", "base_url": "http://127.0.0.1:1", "api_key": "k"})
    Country.objects.create(id=6, iso2="ID", slug="id", name="Indonesia")
    Service.objects.create(code="wa", slug="whatsapp", name="WhatsApp")
    past(code_after=10)
    past(provider=other), past(country_id=6), past(service_id="wa")
    assert roll_up_odds() == 4
    assert [row.bought_24h for row in OfferOdds.objects.all()] == [1, 1, 1, 1]
    assert OfferOdds.objects.get(service="tg", country=7, provider=provider).odds.day == Window(1, 1, 10, 10)


def test_all_customers_count_alike(past: Past, carol: User) -> None:
    past(code_after=10)
    past(user=carol)
    assert day() == Window(2, 1, 10, 10)


def test_the_minute_after_nothing_is_written(past: Past) -> None:
    past(code_after=10)
    assert roll_up_odds() == 1
    before = version()
    assert (roll_up_odds(), version()) == (0, before)


def test_an_offer_that_nobody_bought_for_a_week_is_forgotten(past: Past) -> None:
    order = past(code_after=10)
    roll_up_odds()
    Order.objects.filter(pk=order.pk).update(bought_at=NOW - timedelta(days=8))
    assert roll_up_odds() == 1
    assert not OfferOdds.objects.exists()
