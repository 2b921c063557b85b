"""What holds after every failure: a minute later, and when the last number has ended."""

from decimal import Decimal

from accounts.wallet.models import Entry
from catalog.upstream.sandbox.engine.activation import Activation, Phase
from jiema import books
from orders.models import OPEN, REFUNDED, Order, Outcome, Status, StrayActivation, UpstreamLoss
from tests.failpoints.acts import Act
from tests.failpoints.replies import OK, Reply
from tests.failpoints.world import World, balance, texts

SETTLED = {Outcome.BOUGHT, Outcome.REJECTED, Outcome.ABANDONED}


def check_replies(told: Reply | None, repeats: list[Reply]) -> None:
    """Whatever a client was told with success, it was told again."""
    successes = {reply.body for reply in (told, *repeats) if reply and reply.code == OK}
    assert len(successes) <= 1


def check_settled(world: World) -> None:
    """Nothing is in doubt any more; all money and numbers are where they belong."""
    assert books.breaches() == []
    orders = world.orders()
    for order in orders:
        assert order.attempt.outcome in SETTLED
        assert order.status not in OPEN or (order.phone and order.expires_at)
    assert not world.new(StrayActivation).filter(settled_at=None).exists()
    owners = {order.activation_id: order for order in orders if order.activation_id}
    numbers = world.numbers()
    assert {str(number.id) for number in numbers} == owners.keys()
    for number in numbers:
        _check_number(number, owners[str(number.id)])


def _check_number(number: Activation, order: Order) -> None:
    """A number whose order was refunded is back, or on its way, or has an SMS, so that it is not taken back."""
    assert order.status not in REFUNDED or not number.is_open or order.cancel_upstream_at or number.messages


def check_over(world: World, act: Act) -> None:
    assert books.breaches() == []
    orders = world.orders()
    for order in orders:
        _check_ended(world, order)
    for user in (world.alice, world.carol):
        mine = [order for order in orders if order.user_id == user.pk]
        paid = sum(order.charged_cents for order in mine if order.status == Status.COMPLETED)
        credit = act.credit if user == world.alice else 0
        assert balance(user) == world.marks.balances[user.pk] + credit - paid
    _check_cost(world, orders)


def _check_ended(world: World, order: Order) -> None:
    assert order.status not in OPEN
    assert order.cancel_upstream_at is None
    kinds = sorted(Entry.objects.filter(reference=f"order:{order.pk}").values_list("kind", flat=True))
    assert kinds == (["charge", "refund"] if order.status in REFUNDED else ["charge"])
    if order.status in REFUNDED and order.user_id == world.alice.pk:
        seen = world.alices.get(f"/orders/{order.pk}").json()["data"]
        assert (seen["smsBody"], seen["smsHistory"]) == (None, [])


def _check_cost(world: World, orders: list[Order]) -> None:
    """We pay for numbers that had an SMS: each is a customer's, who has every SMS once, or a loss that is booked."""
    by_activation = {order.activation_id: order for order in orders}
    numbers = [(number, by_activation[str(number.id)]) for number in world.numbers()]
    kept = [(number, order) for number, order in numbers if number.phase is Phase.FINISHED]
    cost = sum((number.cost for number, _ in kept), Decimal(0))
    assert world.sandbox.shop.account.balance == world.marks.upstream_balance - cost
    for number, order in kept:
        if order.status == Status.COMPLETED:
            assert texts(order.pk) == [message.text for message in number.messages]
    lost = {order.pk for _, order in kept if order.status in REFUNDED}
    booked = UpstreamLoss.objects.filter(order__in=orders, void_at=None)
    assert set(booked.values_list("order", flat=True)) == lost
    completed = {order.pk for order in orders if order.status == Status.COMPLETED}
    assert completed == {order.pk for _, order in kept} - lost
    for _, order in numbers:
        assert (order.returned_at is None) == (order.pk in completed | lost)
