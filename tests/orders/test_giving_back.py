"""A number that nobody wants any more goes back to its provider, and the order knows when it did."""

from datetime import timedelta

from orders.models import Order
from orders.services import cancelling, lifecycle, syncing
from tests.conftest import Shopper, data, expire


def give_back_due() -> int:
    Order.objects.filter(cancel_upstream_at__isnull=False).update(cancel_upstream_at=lifecycle.database_now())
    return cancelling.give_back_due()


def test_after_its_end_a_number_that_the_provider_still_holds_is_given_back(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    expire(order_id, 61)
    syncing.end_due_orders()
    order = Order.objects.get()
    assert (order.status, order.returned_at) == ("FAILED", None)
    assert order.cancel_upstream_at is not None
    shopper.sandbox.advance(121)
    assert give_back_due() == 1
    order.refresh_from_db()
    assert (order.cancel_upstream_at, order.returned_at is not None) == (None, True)
    assert (shopper.sandbox.shop.open_count(), shopper.sandbox.shop.account.balance) == (0, 10_000)


def test_after_its_end_a_number_that_the_provider_ended_itself_is_returned(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.sandbox.advance(1201)
    expire(order_id, 61)
    syncing.end_due_orders()
    order = Order.objects.get()
    assert (order.status, order.returned_at is not None, order.cancel_upstream_at) == ("FAILED", True, None)


def test_a_cancel_that_the_provider_takes_is_returned_at_once(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.sandbox.advance(121)
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    order = Order.objects.get()
    assert (order.returned_at is not None, order.cancel_upstream_at) == (True, None)


def test_returned_at_stays_where_it_was_first_said(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.sandbox.advance(121)
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    Order.objects.update(returned_at=lifecycle.database_now() - timedelta(minutes=5))
    before = Order.objects.get().returned_at
    syncing.mark_returned(order_id)
    assert Order.objects.get().returned_at == before


def test_an_order_that_was_kept_is_never_returned(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "code 1111")
    shopper.order(order_id)
    expire(order_id, 61)
    syncing.end_due_orders()
    order = Order.objects.get()
    assert (order.status, order.returned_at, order.cancel_upstream_at) == ("COMPLETED", None, None)


def test_a_number_to_give_back_is_claimed_by_one_and_tried_again_later(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    assert [give_back_due(), cancelling.give_back_due()] == [1, 0]  # too early for the provider: in half a minute
    due = Order.objects.get().cancel_upstream_at
    assert due is not None
    assert timedelta(seconds=25) < due - lifecycle.database_now() <= timedelta(seconds=31)
