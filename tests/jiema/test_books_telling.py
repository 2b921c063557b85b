"""What a breach does: alarms with a remedy, no sales where money may be lost at this moment, an exit code."""

import json
from typing import Any

import pytest
from django.core.management import call_command

from jiema import books
from jiema.alarms.models import Alarm
from jiema.tasks import check_all_books, check_books
from orders.models import Order, SalesStop
from orders.services.stopping import lift_stop
from tests.conftest import WISH, Shopper, data, error
from tests.jiema import faults
from tests.jiema.faults import FAULTS
from tests.jiema.planting import (
    ACTIVATION,
    CHAIN,
    CHARGE,
    HAS_ORDER,
    NOT_NEGATIVE,
    REFUND,
    SUMS,
    Shop,
    planted,
    post,
    shop,
)

__all__ = ["shop"]


def stops() -> set[str]:
    return set(SalesStop.objects.filter(lifted_at=None).values_list("reason", flat=True))


def alarms() -> list[tuple[str, int]]:
    return [*Alarm.objects.filter(code="books_breach").order_by("pk").values_list("subject", "times")]


def test_honest_books_raise_nothing(shop: Shop) -> None:
    check_books()
    check_all_books()
    assert (stops(), alarms()) == (set(), [])


def test_each_rule_alarms_and_some_stop_sales(shop: Shop) -> None:
    for check in books.CHECKS:
        with planted(FAULTS[check.rule][0], shop) as subject:
            check_books()
            assert alarms() == [(f"{check.rule}: {subject}", 1)]
            assert stops() == ({f"The books: {check.rule}"} if check.stops_sales else set())


def test_what_may_cost_money_at_this_moment_stops_sales() -> None:
    stopping = [check.rule for check in books.CHECKS if check.stops_sales]
    assert stopping == [SUMS, CHAIN, NOT_NEGATIVE, CHARGE, REFUND, HAS_ORDER, ACTIVATION]


def test_the_alarm_tells_what_and_what_to_do(shop: Shop) -> None:
    with planted(faults.balance_drifted_up, shop):
        check_books()
        assert Alarm.objects.get(code="books_breach").detail == {
            "found": "balance less entries: 100",
            "remedy": books.CHECKS[0].remedy,
            "breaches": "1",
        }


def test_the_same_breach_again_is_the_same_alarm_and_the_same_stop(shop: Shop) -> None:
    with planted(faults.balance_drifted_up, shop):
        for task in (check_books, check_books, check_all_books):
            task()
        assert alarms() == [(f"{SUMS}: {shop.alice}", 3)]
        assert SalesStop.objects.count() == 1
        assert Alarm.objects.filter(code="sales_stopped").values_list("times", flat=True).get() == 1


def test_many_breaches_raise_fifty_alarms(shop: Shop) -> None:
    def invent_charges(shop: Shop) -> str:
        for number in range(60):
            post(shop.alice, "charge", -1, f"order:ghost{number:02}")
        return "order:ghost00"

    with planted(invent_charges, shop):
        check_books()
        assert len(alarms()) == 50
        assert Alarm.objects.filter(code="books_breach").first().detail["breaches"] == "60"
        assert stops() == {f"The books: {HAS_ORDER}"}


def received(shopper: Shopper) -> str:
    order_id: str = shopper.buy()["id"]
    shopper.deliver(order_id, "code 1111")
    shopper.order(order_id)
    return order_id


def refusal(shopper: Shopper) -> tuple[tuple[int, str], Any]:
    response = shopper.api.post("/orders", WISH)
    return error(response), response.headers.get("Retry-After")


def test_while_sales_are_stopped_nothing_is_charged_and_all_else_goes_on(shop: Shop) -> None:
    shopper, order_id = shop.shopper, received(shop.shopper)
    with planted(faults.chain_broken_in_the_middle, shop):
        check_books()
        before = (shopper.balance(), Order.objects.count(), shopper.sandbox.shop.open_count())
        assert refusal(shopper) == ((503, "UPSTREAM_UNAVAILABLE"), "60")
        assert (shopper.balance(), Order.objects.count(), shopper.sandbox.shop.open_count()) == before
        assert shopper.order(order_id)["status"] == "RECEIVED"
        assert data(shopper.api.get("/orders"))["items"][0]["id"] == order_id
        assert data(shopper.api.post(f"/orders/{order_id}/next-sms"))["status"] == "WAITING"
        assert data(shopper.api.post(f"/orders/{shop.waiting}/cancel"))["status"] == "CANCELLED"
        assert shopper.balance() == before[0] + 39


def test_sales_go_on_when_a_person_has_lifted_the_stop(shop: Shop) -> None:
    with planted(faults.chain_broken_in_the_middle, shop):
        check_books()
        assert lift_stop(SalesStop.objects.get().pk, "ops@example.com")
        assert not Alarm.objects.filter(code="sales_stopped", cleared_at=None).exists()
        assert shop.shopper.buy()["status"] == "WAITING"
        assert not lift_stop(SalesStop.objects.get().pk, "ops@example.com")


def test_sales_stay_stopped_until_every_stop_is_lifted(shop: Shop) -> None:
    with planted(faults.charge_for_no_order, shop), planted(faults.balance_drifted_up, shop):
        check_books()
        first, second = SalesStop.objects.order_by("pk")
        lift_stop(first.pk, "ops@example.com")
        assert refusal(shop.shopper) == ((503, "UPSTREAM_UNAVAILABLE"), "60")
        lift_stop(second.pk, "ops@example.com")
        assert shop.shopper.buy()["status"] == "WAITING"


def test_a_breach_that_a_person_has_looked_at_does_not_stop_sales_again(shop: Shop) -> None:
    """What was written stays: a charge that is lost is put right by an adjustment, and stays a breach for ever."""
    with planted(faults.charge_lost, shop):
        check_books()
        lift_stop(SalesStop.objects.get().pk, "ops@example.com")
        check_books()
        assert stops() == set()


def test_a_breach_that_stops_nothing_lets_sales_go_on(shop: Shop) -> None:
    with planted(faults.order_that_outlives_its_time, shop):
        check_books()
        assert shop.shopper.buy()["status"] == "WAITING"


# The command


def test_the_command_tells_that_all_is_well(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_books")
    assert capsys.readouterr().out == f"{len(books.CHECKS)} checks, 0 breaches.\n"
    call_command("check_books", "--json")
    assert json.loads(capsys.readouterr().out) == {"ok": True, "checks": len(books.CHECKS), "breaches": []}


def test_the_command_names_rule_subject_detail_and_remedy(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    remedy = next(check.remedy for check in books.CHECKS if check.rule == CHARGE)
    detail = "price 40, 1 charges of 39 in all"
    with planted(faults.charge_of_a_price_that_changed_since, shop) as order_id:
        with pytest.raises(SystemExit) as exit_:
            call_command("check_books")
        assert exit_.value.code == 1
        assert capsys.readouterr().out == (
            f"{CHARGE}: {order_id}: {detail}\n    {remedy}\n{len(books.CHECKS)} checks, 1 breaches.\n"
        )
        with pytest.raises(SystemExit):
            call_command("check_books", "--json")
        (breach,) = json.loads(capsys.readouterr().out)["breaches"]
        assert breach == {
            "check": CHARGE,
            "subject": order_id,
            "detail": detail,
            "remedy": remedy,
            "stops_sales": True,
        }
