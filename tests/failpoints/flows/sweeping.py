from orders.models import Order, Status
from tests.failpoints.acts import Act, Flow
from tests.failpoints.flows.following import became
from tests.failpoints.replies import ask
from tests.failpoints.world import CALL_IS_OVER, World


def sweep_with_sms(world: World) -> Act:
    """One list brings the SMS of two orders."""
    orders = [world.bought(), world.bought()]
    for order_id in orders:
        world.deliver(order_id)
    return sweeping(world, orders, Status.RECEIVED, ["code 1111"])


def sweep_adopts(world: World) -> Act:
    """Two purchases were sold without a reply."""
    orders = [world.held("sold_then_close"), world.held("sold_then_close")]
    world.pass_time(CALL_IS_OVER)
    return sweeping(world, orders, Status.WAITING, [])


def sweep_adopts_for_a_cancelled_order(world: World) -> Act:
    order_id = world.held("sold_then_close")
    assert ask(lambda: world.post(f"/orders/{order_id}/cancel")).code == "OK"
    world.pass_time(CALL_IS_OVER)
    return sweeping(world, [order_id], Status.CANCELLED, [])


def sweep_fails_what_did_not_happen(world: World) -> Act:
    """Two purchases never reached the provider; the first clean list was read."""
    orders = [world.held("close"), world.held("close")]
    world.pass_time(CALL_IS_OVER)
    world.sweep()
    return sweeping(world, orders, Status.FAILED, [])


def sweep_asks_about_a_number_that_ended(world: World) -> Act:
    """The list lacks it; another number keeps the list from being empty."""
    order_id, other = world.bought(), world.bought()
    world.sandbox.shop.withdraw(world.activation(order_id))
    world.pass_time(5)
    return sweeping(world, [order_id], Status.FAILED, [], waiting=other)


def sweeping(world: World, orders: list[str], status: Status, bodies: list[str], waiting: str = "") -> Act:
    def kept(told: object) -> None:
        for order_id in orders:
            became(order_id, status, bodies)
            order = Order.objects.get(pk=order_id)
            assert bool(order.phone) == (order.attempt.outcome == "bought")
        if waiting:
            became(waiting, Status.WAITING, [])

    return Act(world.sweep, kept=kept)


FLOWS: tuple[Flow, ...] = (
    sweep_with_sms,
    sweep_adopts,
    sweep_adopts_for_a_cancelled_order,
    sweep_fails_what_did_not_happen,
    sweep_asks_about_a_number_that_ended,
)
