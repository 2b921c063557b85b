"""Buying, orders in all their states, and the statement."""

from accounts.wallet import services as wallet
from tests.conftest import make_user
from tests.web.conftest import signed_in
from tests.web.gallery.scene import Scene, plain, shown

plain("countries", "/buy/telegram")
plain("dashboard-new", "/dashboard")
plain("orders-none", "/orders")
plain("orders-filtered-none", "/orders?status=FAILED&q=9999")
plain("statement-filtered-none", "/account/statement?kind=refund")


@shown("countries-poor", "counter")
def _countries_poor(scene: Scene) -> str:
    wallet.adjust(scene.alice.pk, 20 - scene.shopper.balance(), "spent", reason="spent", actor="tests")
    return "/buy/telegram"


@shown("dashboard", "dashboard")
def _dashboard(scene: Scene) -> str:
    scene.received(), scene.cancelled(), scene.order()
    return "/dashboard"


@shown("orders", "orders")
def _orders(scene: Scene) -> str:
    scene.received(), scene.cancelled(), scene.order()
    return "/orders"


@shown("order-waiting", "order")
def _order_waiting(scene: Scene) -> str:
    return f"/orders/{scene.order()}"


@shown("order-received", "order")
def _order_received(scene: Scene) -> str:
    scene.order()  # beside it
    return f"/orders/{scene.received()}"


@shown("order-completed", "order")
def _order_completed(scene: Scene) -> str:
    return f"/orders/{scene.ended(scene.received())}"


@shown("order-failed", "order")
def _order_failed(scene: Scene) -> str:
    return f"/orders/{scene.ended(scene.order())}"


@shown("order-cancelled", "order")
def _order_cancelled(scene: Scene) -> str:
    return f"/orders/{scene.cancelled()}"


@shown("order-unknown", "order")
def _order_unknown(scene: Scene) -> str:
    scene.shopper.sandbox.fail("getNumberV2", "sold_then_close")
    return f"/orders/{scene.order()}"


def _moved(scene: Scene) -> None:
    scene.cancelled(), scene.received()
    wallet.adjust(scene.alice.pk, -100, "a-correction", reason="A correction by the shop.", actor="tests")


@shown("statement", "statement")
def _statement(scene: Scene) -> str:
    _moved(scene)
    return "/account/statement"


@shown("statement-filtered", "statement")
def _statement_filtered(scene: Scene) -> str:
    _moved(scene)
    return "/account/statement?kind=refund"


@shown("statement-none", "statement")
def _statement_none(scene: Scene) -> str:
    """Of somebody else, for whom nothing has moved."""
    newcomer = make_user("newcomer")
    scene.carry(signed_in(newcomer))
    return "/account/statement"


@shown("statement-wrong", "statement")
def _statement_wrong(scene: Scene) -> str:
    return "/account/statement?first=never&kind=refund"
