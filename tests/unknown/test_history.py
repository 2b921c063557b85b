"""What the history of a provider says about a purchase whose number no list shows."""

import pytest

from catalog.models import Provider
from orders.models import UpstreamLoss
from orders.services import reconciling
from tests.conftest import Shopper
from tests.orders.test_buying import reconcile
from tests.orders.test_settling import held, sent, state
from tests.unknown.hours import ShiftedClock

WAITS = ("WAITING", "unknown", None)
REFUNDED = ("FAILED", "abandoned", None)
NUMBER = 700_000_001

pytestmark = pytest.mark.django_db(transaction=True)


def finish(shopper: Shopper, number: int = NUMBER) -> None:
    """The number gets its SMS and is closed there: the provider keeps its money, and lists it no more."""
    shopper.sandbox.shop.deliver(number, "code 1111")
    shopper.sandbox.shop.finish(number)


def losses() -> list[tuple[str, str]]:
    return list(UpstreamLoss.objects.values_list("order", "cause"))


def overdue(order_id: str, provider: Provider) -> None:
    """More than two minutes after the call the worker looks again."""
    sent(order_id, 150)
    reconciling.sweep(provider)


def test_neither_in_the_list_nor_in_the_history_is_refunded_at_no_cost(shopper: Shopper) -> None:
    order_id = held(shopper, "close")
    reconcile(times=2)
    assert (state(order_id), losses()) == (REFUNDED, [])


def test_kept_there_and_not_listed_is_held_two_minutes_and_then_our_cost(shopper: Shopper, provider: Provider) -> None:
    order_id = held(shopper, "sold_then_close")
    finish(shopper)
    reconcile(times=3)
    assert (state(order_id), losses()) == (WAITS, [])
    overdue(order_id, provider)
    assert (state(order_id), losses()) == (REFUNDED, [(order_id, "open_cost")])
    assert shopper.balance() == 2500


def test_ended_unused_there_is_refunded_at_no_cost(shopper: Shopper) -> None:
    order_id = held(shopper, "sold_then_close")
    shopper.sandbox.shop.withdraw(NUMBER)
    reconcile(times=2)
    assert (state(order_id), losses()) == (REFUNDED, [])


def test_a_number_of_another_order_is_no_doubt(shopper: Shopper) -> None:
    order_id = held(shopper, "close")
    other, _still_listed = shopper.buy()["id"], shopper.buy()
    finish(shopper)
    reconcile(times=2)
    assert (state(order_id), state(other)[2], losses()) == (REFUNDED, str(NUMBER), [])


@pytest.mark.parametrize("fault", ["502", "cut", "html", "empty"])
def test_without_an_answer_it_is_held_two_minutes_and_then_our_cost(
    shopper: Shopper, provider: Provider, fault: str
) -> None:
    order_id = held(shopper, "close")
    shopper.sandbox.fail("getHistory", fault, times=None)
    reconcile(times=2)
    assert (state(order_id), losses()) == (WAITS, [])
    overdue(order_id, provider)
    assert (state(order_id), losses()) == (REFUNDED, [(order_id, "open_cost")])


def test_many_missing_purchases_are_looked_up_together(shopper: Shopper) -> None:
    orders = [held(shopper, "close") for _ in range(2)]
    reconcile()
    reconcile()
    assert [state(order_id) for order_id in orders] == [REFUNDED, REFUNDED]
    assert shopper.sandbox.log.count("getHistory") == 1


def test_the_history_is_only_asked_where_there_is_one(shopper: Shopper, provider: Provider) -> None:
    Provider.objects.update(dialect="tiger")
    provider.refresh_from_db()
    order_id = held(shopper, "close")
    reconcile(times=2)
    assert (state(order_id), shopper.sandbox.log.count("getHistory")) == (REFUNDED, 0)


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_provider_whose_clock_is_wrong_still_tells_what_it_kept(
    shopper: Shopper, provider: Provider, clock: ShiftedClock, minutes: int
) -> None:
    clock.skipped = minutes * 60
    order_id = held(shopper, "sold_then_close")
    finish(shopper)
    reconcile(times=2)
    assert (state(order_id), losses()) == (WAITS, [])
    overdue(order_id, provider)
    assert (state(order_id), losses()) == (REFUNDED, [(order_id, "open_cost")])
