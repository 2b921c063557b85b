"""What becomes an event, in the transaction of the change, and what its body says."""

import json
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import AccountState, User
from catalog.upstream.types import Sms, State
from catalog.upstream.types import Status as Told
from orders.models import Order, Status
from orders.services.cancelling import cancel_order
from orders.services.lifecycle import lock_order, transition
from orders.services.syncing import apply_status, end_due_orders
from orders.webhooks.models import Delivery, Event
from orders.webhooks.services import desk
from tests.conftest import NOW, Shopper, data, expire, stale
from tests.webhooks.conftest import URL, Hook

pytestmark = pytest.mark.django_db


def told() -> list[tuple[str, object]]:
    bodies = [json.loads(body) for body in Delivery.objects.order_by("created_at").values_list("body", flat=True)]
    return [(body["type"], body["data"]["smsBody"]) for body in bodies]


def received(shopper: Shopper, text: str = "Your code is 123456") -> str:
    order_id: str = shopper.buy()["id"]
    shopper.deliver(order_id, text)
    shopper.order(order_id)
    return order_id


def test_a_code_is_an_event_that_holds_the_order_as_the_api_shows_it(shopper: Shopper, hook: Hook) -> None:
    order_id = received(shopper)
    body = json.loads(Delivery.objects.get().body or "")
    assert body.keys() == {"type", "timestamp", "data"}
    assert body["type"] == "order.received"
    assert body["data"] == data(shopper.api.get(f"/orders/{order_id}"))
    assert body["data"]["smsBody"] == "Your code is 123456"


def test_each_further_code_is_an_event(shopper: Shopper, hook: Hook) -> None:
    order_id = received(shopper, "first 1111")
    data(shopper.api.post(f"/orders/{order_id}/next-sms"))
    shopper.deliver(order_id, "second 2222")
    shopper.order(order_id)
    assert told() == [("order.received", "first 1111"), ("order.received", "second 2222")]


def test_a_code_that_nobody_asked_for_is_an_event_too(shopper: Shopper, hook: Hook) -> None:
    """The order stays RECEIVED, so no state changes."""
    order_id = received(shopper, "first 1111")
    Order.objects.filter(pk=order_id).update(status=Status.RECEIVED)
    shopper.deliver(order_id, "second 2222")
    shopper.order(order_id)
    assert told()[-1] == ("order.received", "second 2222")


def test_the_end_of_an_order_with_a_code_is_an_event(shopper: Shopper, hook: Hook) -> None:
    order_id = received(shopper, "code 1111")
    expire(order_id, 61)
    end_due_orders()
    assert told() == [("order.received", "code 1111"), ("order.completed", "code 1111")]


def test_the_end_without_a_code_tells_the_refund(shopper: Shopper, hook: Hook) -> None:
    order_id = shopper.buy()["id"]
    expire(order_id, 61)
    end_due_orders()
    body = json.loads(Delivery.objects.get().body or "")
    assert (body["type"], body["data"]["status"], body["data"]["refundedCents"]) == ("order.failed", "FAILED", "39")


def test_a_purchase_that_is_refused_tells_the_refund(shopper: Shopper, hook: Hook) -> None:
    shopper.sandbox.fail("getNumberV2", "refuse", word="NO_NUMBERS")
    shopper.api.post("/orders", {"service": "tg", "country": 7})
    assert told() == [("order.failed", None)]


def test_a_cancel_tells_the_refund(shopper: Shopper, hook: Hook) -> None:
    order_id = shopper.buy()["id"]
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    body = json.loads(Delivery.objects.get().body or "")
    assert (body["type"], body["data"]["refundedCents"]) == ("order.cancelled", "39")
    assert "cancelledAt" in body["data"]


@pytest.mark.parametrize("end", ["cancel", "expiry"])
def test_a_code_after_the_refund_is_in_no_body(shopper: Shopper, hook: Hook, end: str) -> None:
    order_id = shopper.buy()["id"]
    if end == "cancel":
        cancel_order(shopper.user.pk, order_id)
    else:
        expire(order_id, 61)
        end_due_orders()
    order = Order.objects.get(pk=order_id)
    apply_status(order.pk, Told(State.RECEIVED, (Sms("late 777777", "k"),)))
    assert order.sms.count() == 1
    assert len(told()) == 1
    assert "777777" not in str(told())


def test_where_the_change_falls_its_event_falls(shopper: Shopper, hook: Hook) -> None:
    order_id = shopper.buy()["id"]
    with transaction.atomic():
        transition(lock_order(order_id), Status.CANCELLED)
        assert Delivery.objects.count() == 1
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


def test_only_who_wants_an_event_gets_it(shopper: Shopper, carol: User) -> None:
    endpoint, _ = desk.add_endpoint(shopper.user.pk, URL, [Event.FAILED])
    off, _ = desk.add_endpoint(shopper.user.pk, URL, list(Event))
    gone, _ = desk.add_endpoint(shopper.user.pk, URL, list(Event))
    desk.add_endpoint(carol.pk, URL, list(Event))
    desk.disable(shopper.user.pk, off.pk)
    desk.delete_endpoint(shopper.user.pk, gone.pk)
    received(shopper)
    assert not Delivery.objects.exists()
    expire(shopper.buy()["id"], 61)
    end_due_orders()
    assert [each.endpoint_id for each in Delivery.objects.all()] == [endpoint.pk]


def test_a_blocked_account_is_told_nothing(shopper: Shopper, hook: Hook) -> None:
    order_id = shopper.buy()["id"]
    User.objects.filter(pk=shopper.user.pk).update(state=AccountState.SUSPENDED)
    expire(order_id, 61)
    end_due_orders()
    assert not Delivery.objects.exists()


def statements(order_id: str) -> int:
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        transition(lock_order(order_id), Status.CANCELLED)
    return len(queries)


def test_who_has_no_webhooks_pays_no_statement_for_them(shopper: Shopper) -> None:
    """One query reads and locks the order and says that nobody listens."""
    first, second = shopper.buy()["id"], shopper.buy()["id"]
    without = statements(first)
    desk.add_endpoint(shopper.user.pk, URL, list(Event))
    assert statements(second) == without + 2  # endpoints and deliveries; the body is one prepared read more
    assert Delivery.objects.get().order_id == second


def test_the_lock_does_not_reach_the_endpoints(shopper: Shopper, hook: Hook) -> None:
    order_id = shopper.buy()["id"]
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        assert lock_order(order_id).has_listeners
    assert queries[0]["sql"].endswith("FOR UPDATE")
    assert queries[0]["sql"].count("FOR UPDATE") == 1


def test_an_old_order_is_not_told_anew(shopper: Shopper) -> None:
    order_id = received(shopper)
    desk.add_endpoint(shopper.user.pk, URL, list(Event))
    Order.objects.filter(pk=order_id).update(synced_at=NOW - timedelta(seconds=10))
    stale(order_id)
    shopper.order(order_id)
    assert not Delivery.objects.exists()
