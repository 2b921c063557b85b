"""What our accounts at the providers hold, and where the sums of what was spent begin."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now

from catalog.models import BalanceReading, Provider
from jiema import watch
from orders.models import Order
from orders.services import syncing
from tests.conftest import Shopper, data, expire


def read(shopper: Shopper, balance: str | None = None) -> None:
    if balance is not None:
        shopper.sandbox.shop.account.balance = Decimal(balance)
    watch.read_balances()


def readings() -> list[tuple[str, bool]]:
    return [(str(row.balance), row.is_start) for row in BalanceReading.objects.order_by("id")]


def test_sums_begin_with_the_first_reading(shopper: Shopper) -> None:
    read(shopper)
    shopper.buy()
    read(shopper)
    assert readings() == [("10000.0000", True), ("9999.7000", False)]


def test_who_pays_in_begins_them_anew(shopper: Shopper) -> None:
    for balance in ("10", "9", "59", "58"):
        read(shopper, balance)
    assert [is_start for _, is_start in readings()] == [True, False, True, False]
    BalanceReading.objects.update(is_start=True)  # the tests' own hand in the till


def test_what_may_have_come_back_is_no_payment(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    read(shopper)
    shopper.sandbox.advance(121)
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    read(shopper)
    assert readings() == [("9999.7000", True), ("10000.0000", False)]


def test_long_sums_begin_anew_where_nothing_is_in_motion(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    read(shopper)
    BalanceReading.objects.update(read_at=Now() - timedelta(hours=25))
    read(shopper)
    assert [is_start for _, is_start in readings()] == [True, False]
    shopper.deliver(order_id, "code 1111")
    expire(order_id, 61)
    syncing.end_due_orders()
    assert Order.objects.get().status == "COMPLETED"
    read(shopper)
    assert [is_start for _, is_start in readings()] == [True, False, True]


@pytest.mark.parametrize(("days", "is_start", "kept"), [(31, False, 1), (29, False, 2), (31, True, 2)])
def test_readings_are_kept_for_a_month_and_starts_for_ever(
    shopper: Shopper, days: int, is_start: bool, kept: int
) -> None:
    read(shopper)
    BalanceReading.objects.update(read_at=Now() - timedelta(days=days), is_start=is_start)
    read(shopper)
    assert BalanceReading.objects.count() == kept


def test_a_provider_without_an_answer_leaves_no_reading(shopper: Shopper) -> None:
    shopper.sandbox.fail("getBalance", "html")
    read(shopper)
    assert readings() == []


def test_a_provider_that_is_switched_off_is_not_asked(shopper: Shopper) -> None:
    Provider.objects.update(is_enabled=False)
    read(shopper)
    assert shopper.sandbox.log.counts() == {}
