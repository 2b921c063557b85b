from catalog.upstream.sandbox.engine.activation import Phase
from orders import tasks as worker
from orders.models import REFUNDED, Order, Status
from tests.failpoints.acts import Act, Flow
from tests.failpoints.replies import OK, Reply, ask
from tests.failpoints.world import World, texts

# A second cancel says it; and so does the first one where the number had ended meanwhile.
DONE = frozenset({"ALREADY_CHANGED"})
TOO_LATE = frozenset({"CODE_RECEIVED"})


def cancel(world: World) -> Act:
    order_id = world.bought()
    world.pass_time(121)
    return cancelling_of(world, order_id)


def cancel_with_key(world: World) -> Act:
    order_id = world.bought()
    world.pass_time(121)
    return cancelling_of(world, order_id, world.key())


def cancel_too_early(world: World) -> Act:
    """The customer is refunded now, the number goes back later."""
    return cancelling_of(world, world.bought())


def cancel_without_a_reply(world: World) -> Act:
    order_id = world.bought()
    world.pass_time(121)
    world.sandbox.fail("setStatus", "sold_then_close")
    return cancelling_of(world, order_id)


def cancel_while_the_purchase_is_unknown(world: World) -> Act:
    return cancelling_of(world, world.held("sold_then_close"), world.key())


def cancel_of_a_number_that_ended(world: World) -> Act:
    order_id = world.bought()
    world.sandbox.shop.withdraw(world.activation(order_id))
    return cancelling_of(world, order_id)


def cancel_after_a_code(world: World) -> Act:
    """The provider has an SMS that we have not seen."""
    order_id = world.bought()
    world.deliver(order_id)

    def kept(told: object) -> None:
        assert Order.objects.get(pk=order_id).status == Status.RECEIVED
        assert texts(order_id) == ["code 1111"]

    return Act(lambda: post(world, order_id), lambda: post(world, order_id), TOO_LATE, kept, says="CODE_RECEIVED")


def give_back(world: World) -> Act:
    order_id = unwanted(world)
    activation = world.activation(order_id)
    world.pass_time(125)

    def kept(told: object) -> None:
        assert world.sandbox.shop.find(activation).phase is Phase.CANCELLED
        assert Order.objects.get(pk=order_id).cancel_upstream_at is None

    return Act(worker.cancel_upstream, kept=kept)


def give_back_after_a_code(world: World) -> Act:
    """The SMS came after the refund: the provider keeps its money, and nobody sees the code."""
    order_id = unwanted(world)
    world.deliver(order_id)
    world.pass_time(125)

    def kept(told: object) -> None:
        order = Order.objects.get(pk=order_id)
        assert (order.status, order.cancel_upstream_at, order.sms_body) == (Status.CANCELLED, None, None)
        assert texts(order_id) == ["code 1111"]

    return Act(worker.cancel_upstream, kept=kept)


def unwanted(world: World) -> str:
    order_id = world.bought()
    assert ask(lambda: post(world, order_id)).code == "OK"
    return order_id


def cancelling_of(world: World, order_id: str, key: str = "") -> Act:
    def call() -> object:
        return post(world, order_id, key)

    def kept(told: Reply | None) -> None:
        """Where we died after the provider took the number back, the shop has seen the end before the customer came."""
        order = Order.objects.get(pk=order_id)
        was_done = told and told.code == OK
        assert order.status in ({Status.CANCELLED} if was_done else REFUNDED)

    return Act(call, call, DONE, kept)


def post(world: World, order_id: str, key: str = "") -> object:
    return world.post(f"/orders/{order_id}/cancel", key=key)


FLOWS: tuple[Flow, ...] = (
    cancel,
    cancel_with_key,
    cancel_too_early,
    cancel_without_a_reply,
    cancel_while_the_purchase_is_unknown,
    cancel_of_a_number_that_ended,
    cancel_after_a_code,
    give_back,
    give_back_after_a_code,
)
