from django.db.models.functions import Now

from orders import tasks as worker
from orders.models import OPEN, Order, Status
from tests.conftest import stale
from tests.failpoints.acts import Act, Flow
from tests.failpoints.flows.cancelling import unwanted
from tests.failpoints.replies import ask
from tests.failpoints.world import World, texts

ALREADY_WAITING = frozenset({"NO_CODE_YET"})


def poll_with_an_sms(world: World) -> Act:
    order_id = world.bought()
    world.deliver(order_id)
    return reading(world, order_id, Status.RECEIVED, ["code 1111"])


def poll_at_the_providers_end(world: World) -> Act:
    order_id = world.bought()
    world.sandbox.shop.withdraw(world.activation(order_id))
    return reading(world, order_id, Status.FAILED, [])


def push(world: World) -> Act:
    """The provider tells its SMS again where it was not thanked."""
    order_id = world.bought()
    world.deliver(order_id)
    return pushing(world, order_id, Status.RECEIVED)


def push_after_the_refund(world: World) -> Act:
    order_id = unwanted(world)
    world.deliver(order_id)
    return pushing(world, order_id, Status.CANCELLED)


def next_sms(world: World) -> Act:
    return waiting_again(world, received(world))


def next_sms_with_key(world: World) -> Act:
    return waiting_again(world, received(world), world.key())


def next_sms_after_no_reply(world: World) -> Act:
    """The provider granted the first wish, and we do not know it."""
    order_id = received(world)
    world.sandbox.fail("setStatus", "sold_then_close")
    assert ask(lambda: post(world, order_id, "")).code == "UPSTREAM_UNAVAILABLE"
    return waiting_again(world, order_id)


def next_sms_came_at_once(world: World) -> Act:
    """The second SMS is there before our order waits for it."""
    order_id = received(world)
    world.sandbox.fail("setStatus", "sold_then_close")
    assert ask(lambda: post(world, order_id, "")).code == "UPSTREAM_UNAVAILABLE"
    world.deliver(order_id, "code 2222")

    def call() -> object:
        return post(world, order_id, world.key())

    def kept(told: object) -> None:
        """Where the shop stored the second one before the customer came back, the call asks for a third."""
        assert Order.objects.get(pk=order_id).status in OPEN
        assert texts(order_id) == ["code 1111", "code 2222"]

    return Act(call, call, kept=kept)


def expiry(world: World) -> Act:
    """Two numbers end in one batch."""
    return ending(world, [world.bought(), world.bought()], Status.FAILED)


def expiry_with_an_sms(world: World) -> Act:
    """It came in the last minute, and nobody has seen it."""
    orders = [world.bought(), world.bought()]
    world.pass_time(1199)
    for order_id in orders:
        world.deliver(order_id)
    return ending(world, orders, Status.COMPLETED)


def received(world: World) -> str:
    order_id = world.bought()
    world.deliver(order_id)
    stale(order_id)
    assert world.read(order_id).code == "OK"
    return order_id


def reading(world: World, order_id: str, status: Status, bodies: list[str]) -> Act:
    def read() -> object:
        stale(order_id)
        return world.alices.get(f"/orders/{order_id}")

    return Act(read, kept=lambda told: became(order_id, status, bodies))


def pushing(world: World, order_id: str, status: Status) -> Act:
    activation = world.activation(order_id)

    def tell() -> object:
        return world.push(activation)

    return Act(tell, tell, kept=lambda told: became(order_id, status, ["code 1111"]))


def waiting_again(world: World, order_id: str, key: str = "") -> Act:
    def call() -> object:
        return post(world, order_id, key)

    return Act(call, call, ALREADY_WAITING, lambda told: became(order_id, Status.WAITING, ["code 1111"]))


def post(world: World, order_id: str, key: str) -> object:
    return world.post(f"/orders/{order_id}/next-sms", key=key)


def ending(world: World, orders: list[str], status: Status) -> Act:
    """Past the end, and past the grace for a last SMS."""
    bodies = ["code 1111"] if status == Status.COMPLETED else []
    world.pass_time(1261 if status == Status.FAILED else 62)
    assert Order.objects.filter(pk__in=orders, expires_at__lt=Now()).count() == len(orders)

    def kept(told: object) -> None:
        for order_id in orders:
            became(order_id, status, bodies)

    return Act(worker.end_due, kept=kept)


def became(order_id: str, status: Status, bodies: list[str]) -> None:
    assert Order.objects.get(pk=order_id).status == status
    assert texts(order_id) == bodies


FLOWS: tuple[Flow, ...] = (
    poll_with_an_sms,
    poll_at_the_providers_end,
    push,
    push_after_the_refund,
    next_sms,
    next_sms_with_key,
    next_sms_after_no_reply,
    next_sms_came_at_once,
    expiry,
    expiry_with_an_sms,
)
