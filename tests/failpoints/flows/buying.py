from orders.models import REFUNDED, Order, Status
from orders.once import Wish, buy_once
from tests.failpoints.acts import Act, Flow
from tests.failpoints.arming import Hit, armed_at
from tests.failpoints.replies import OK, Boom, Reply, ask
from tests.failpoints.world import CALL_IS_OVER, World

# A surprise is not said to be safe to repeat.
SAYS_NOTHING = "INTERNAL"


def buy(world: World) -> Act:
    return Act(world.buy, kept=lambda told: told_of_its_order(world, told))


def buy_beside_an_unclear_purchase(world: World) -> Act:
    """Two numbers for one pair: the sweep may give either to either order."""
    world.held("sold_then_close")

    def kept(told: object) -> None:
        first, *others = alices(world)
        assert first.phone
        assert len(others) <= 1

    return Act(world.buy, kept=kept)


def buy_with_key(world: World) -> Act:
    return keyed(world)


def buy_refused(world: World) -> Act:
    world.sandbox.fail("getNumberV2", "refuse", word="NO_NUMBERS")

    def kept(told: Reply | None) -> None:
        told_of_its_order(world, told)
        assert all(order.status == Status.FAILED for order in alices(world))

    return Act(world.buy, says="NO_NUMBERS", kept=kept)


def buy_refused_with_key(world: World) -> Act:
    world.sandbox.fail("getNumberV2", "refuse", word="NO_NUMBERS")
    return keyed(world, "NO_NUMBERS")


def buy_sold_without_a_reply(world: World) -> Act:
    world.sandbox.fail("getNumberV2", "sold_then_close")
    return Act(world.buy, says="OUTCOME_UNKNOWN", kept=lambda told: told_of_its_order(world, told))


def buy_sold_without_a_reply_with_key(world: World) -> Act:
    world.sandbox.fail("getNumberV2", "sold_then_close")
    return keyed(world, "OUTCOME_UNKNOWN")


def buy_not_sold_and_no_reply_with_key(world: World) -> Act:
    world.sandbox.fail("getNumberV2", "close")
    return keyed(world, "OUTCOME_UNKNOWN")


def buy_on_the_page(world: World) -> Act:
    wish = Wish(world.key(), "tg", 7, 39)

    def send_form() -> str:
        return buy_once(world.alice.pk, wish)

    return Act(send_form, send_form, kept=lambda told: one_form_one_order(world))


def take_over_of_a_dead_call(world: World) -> Act:
    """The first call with the key died before it did anything."""
    with armed_at(Hit("idempotency.claimed", 1), surprise):
        ask(lambda: world.buy(world.key()))
    world.pass_time(31)
    return keyed(world)


def repeat_of_a_call_that_was_unclear(world: World) -> Act:
    world.held("sold_then_close", world.key())
    world.pass_time(CALL_IS_OVER)
    world.work()
    return keyed(world)


def keyed(world: World, says: str = OK) -> Act:
    """The client repeats with its key until it has its number."""

    def call() -> object:
        return world.buy(world.key())

    return Act(call, call, says=says, kept=lambda told: one_number_is_paid(world))


def one_number_is_paid(world: World) -> None:
    paid = [order for order in alices(world) if order.status not in REFUNDED]
    assert [bool(order.phone) for order in paid] == [True]
    again = ask(lambda: world.buy(world.key()))
    assert (again.code, again.order_id) == (OK, paid[0].pk)


def one_form_one_order(world: World) -> None:
    assert len(alices(world)) == 1


def told_of_its_order(world: World, told: Reply | None) -> None:
    """One order at most; and whoever is told to try again, without an order's id, does not pay twice."""
    orders = alices(world)
    assert len(orders) <= 1
    if told and told.code != SAYS_NOTHING:
        kept = [order.pk for order in orders if order.status not in REFUNDED]
        assert told.order_id in kept or kept == []
    for order in orders:
        assert order.status == (Status.WAITING if order.phone else Status.FAILED)


def alices(world: World) -> list[Order]:
    return [order for order in world.orders() if order.user_id == world.alice.pk]


def surprise() -> None:
    raise Boom


FLOWS: tuple[Flow, ...] = (
    buy,
    buy_beside_an_unclear_purchase,
    buy_with_key,
    buy_refused,
    buy_refused_with_key,
    buy_sold_without_a_reply,
    buy_sold_without_a_reply_with_key,
    buy_not_sold_and_no_reply_with_key,
    buy_on_the_page,
    take_over_of_a_dead_call,
    repeat_of_a_call_that_was_unclear,
)
