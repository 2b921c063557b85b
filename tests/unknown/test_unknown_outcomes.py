"""A provider that loses, cuts and garbles half of its answers: no number and no cent is lost.

UNKNOWN_ORDERS: how many orders each kind of provider gets.
"""

import os
from random import Random

import pytest

from accounts.wallet.models import Wallet
from orders.models import REFUNDED, Cause, Order, Outcome, Status, UpstreamAttempt, UpstreamLoss
from tests.conftest import api_of, make_user
from tests.torture import figures
from tests.unknown.crowd import Buyer
from tests.unknown.world import World, is_given_back, is_settled

ORDERS = int(os.environ.get("UNKNOWN_ORDERS", "120"))
BUYERS = 6
FUNDS = 1_000_000
GRACE_SECONDS = 125  # the sandbox takes no number back before two minutes are over

pytestmark = pytest.mark.django_db(transaction=True)


def sell_in_rough_weather(world: World, dialect: str) -> None:
    world.provider.dialect = dialect
    world.provider.save()
    users = [make_user(f"buyer{number}", FUNDS) for number in range(BUYERS)]
    buyers = [
        Buyer(f"b{number}", api_of(user), world.gate, world.journal, Random(number))
        for number, user in enumerate(users)
    ]
    world.sell(buyers, ORDERS)
    world.tick_until(is_settled, at_most=300)
    world.skip(GRACE_SECONDS)
    world.tick_until(is_given_back, at_most=300)


def charged_without_a_number() -> int:
    return Order.objects.exclude(status__in=REFUNDED).filter(activation_id=None).count()


def tell(world: World) -> None:
    attempts = UpstreamAttempt.objects.count()
    figures.record(
        unknown_orders=Order.objects.count(),
        unclear_purchases=sum(world.weather.drawn.values()),
        charged_without_a_number=charged_without_a_number(),
        blind_rebuys=world.purchase_calls() - attempts,
    )


def check_customers(world: World) -> None:
    """Nobody is charged for nothing; nobody was told one thing and given another."""
    assert world.journal.strange == []
    assert charged_without_a_number() == 0
    charged = sum(Order.objects.exclude(status__in=REFUNDED).values_list("charged_cents", flat=True))
    left = sum(Wallet.objects.filter(user__email__startswith="buyer").values_list("balance_cents", flat=True))
    assert left == BUYERS * FUNDS - charged
    phones = dict(Order.objects.filter(pk__in=world.journal.phones).values_list("pk", "phone"))
    assert phones == world.journal.phones


def check_provider(world: World) -> None:
    """Every purchase was asked for once, and what is gone there is what our orders and open costs say."""
    assert world.purchase_calls() == UpstreamAttempt.objects.count() == Order.objects.count()
    kept = Order.objects.exclude(status__in=REFUNDED).values_list("paid_cost", flat=True)
    unowned = [number.cost for number in world.orphans() if number.is_open]
    assert world.spent_upstream() == sum(kept) + sum(unowned)


@pytest.mark.parametrize("dialect", ["hero", "tiger"])
def test_where_a_list_tells_every_number_has_its_order_soon(world: World, dialect: str) -> None:
    sell_in_rough_weather(world, dialect)
    tell(world)
    figures.record(orphans=len(world.orphans()))
    figures.record_most(oldest_orphan_seconds=world.oldest_orphan())
    check_customers(world)
    check_provider(world)
    assert world.orphans() == []
    assert world.oldest_orphan() <= 120
    assert not UpstreamLoss.objects.filter(cause__in=[Cause.KEPT, Cause.LATE_SMS]).exists()


def test_where_nothing_tells_the_customer_is_refunded_and_the_cost_stays_open(world: World) -> None:
    world.tick_seconds = 10.0
    sell_in_rough_weather(world, "smshub")
    tell(world)
    check_customers(world)
    check_provider(world)
    given_up = UpstreamAttempt.objects.filter(outcome=Outcome.ABANDONED)
    losses = UpstreamLoss.objects.filter(void_at=None)
    assert set(losses.values_list("order", "cause")) == {(a.order_id, Cause.OPEN_COST) for a in given_up}
    assert 0 < sum(n.cost for n in world.orphans()) <= sum(losses.values_list("cost", flat=True))
    assert set(given_up.values_list("order__status", flat=True)) <= {Status.FAILED, Status.CANCELLED}
    figures.record(open_costs=losses.count(), sold_without_an_order=len(world.orphans()))
