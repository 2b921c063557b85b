import json
import threading

import pytest
from django.db import connection
from django.test import Client

from accounts.wallet.models import Entry
from catalog.models import Provider
from catalog.upstream.types import Sms as UpstreamSms
from orders.errors import AlreadyChanged, CodeReceived
from orders.models import Order, Sms
from orders.services import cancelling, lifecycle, pushing, reconciling, syncing
from tests.conftest import Shopper, data, error, expire, stale


def test_a_cancel_refunds_in_full(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.sandbox.advance(121)
    assert data(shopper.api.post(f"/orders/{order_id}/cancel")) == {"id": order_id, "status": "CANCELLED"}
    order = data(shopper.api.get(f"/orders/{order_id}"))
    assert (order["status"], order["refundedCents"]) == ("CANCELLED", "39")
    assert "cancelledAt" in order
    assert shopper.balance() == 2500
    assert shopper.sandbox.shop.open_count() == 0


def test_too_early_for_the_provider_refunds_now_and_gives_back_later(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    assert shopper.balance() == 2500
    assert shopper.sandbox.shop.open_count() == 1
    assert cancelling.give_back_due() == 0
    shopper.sandbox.advance(121)
    Order.objects.update(cancel_upstream_at=lifecycle.database_now())
    assert cancelling.give_back_due() == 1
    assert shopper.sandbox.shop.open_count() == 0
    assert Order.objects.get().cancel_upstream_at is None


@pytest.mark.parametrize("fault", ["close", "502", "429", "html", "sold_then_cut"])
def test_an_unclear_cancel_refunds_now_and_is_repeated(shopper: Shopper, fault: str) -> None:
    order_id = shopper.buy()["id"]
    shopper.sandbox.advance(121)
    shopper.sandbox.fail("setStatus", fault)
    shopper.sandbox.fail("cancelActivation", fault)
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    assert shopper.balance() == 2500
    assert Order.objects.get().cancel_upstream_at is not None


def test_a_second_cancel_has_already_changed(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    assert error(shopper.api.post(f"/orders/{order_id}/cancel")) == (400, "ALREADY_CHANGED")
    assert error(shopper.api.post(f"/orders/{order_id}/next-sms")) == (400, "ALREADY_CHANGED")
    assert shopper.balance() == 2500


def test_a_code_that_we_had_not_seen_refuses_the_cancel_and_is_kept(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "code 1111")
    assert error(shopper.api.post(f"/orders/{order_id}/cancel")) == (400, "CODE_RECEIVED")
    order = data(shopper.api.get(f"/orders/{order_id}"))
    assert (order["status"], order["smsBody"]) == ("RECEIVED", "code 1111")
    assert shopper.balance() == 2500 - 39


def test_once_an_sms_came_no_cancel_is_possible(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "code 1111")
    shopper.order(order_id)
    assert error(shopper.api.post(f"/orders/{order_id}/cancel")) == (400, "CODE_RECEIVED")
    shopper.api.post(f"/orders/{order_id}/next-sms")
    assert error(shopper.api.post(f"/orders/{order_id}/cancel")) == (400, "CODE_RECEIVED")
    expire(order_id, 61)
    syncing.end_due_orders()
    assert error(shopper.api.post(f"/orders/{order_id}/cancel")) == (400, "CODE_RECEIVED")


def test_after_a_refund_no_code_is_ever_shown(shopper: Shopper, provider: Provider) -> None:
    order_id = shopper.buy()["id"]
    data(shopper.api.post(f"/orders/{order_id}/cancel"))
    shopper.deliver(order_id, "secret 1111")
    reconciling.sweep(provider)
    body = json.dumps({"activationId": "700000001", "text": "secret 1111"})
    Client().post(f"/api/push/{provider.push_secret}", body, content_type="application/json")
    stale(order_id)
    for path in (f"/orders/{order_id}", "/orders"):
        assert b"1111" not in shopper.api.get(path).content
    assert Sms.objects.count() == 1


def together(*calls: object) -> None:
    """Run all at once, in threads."""
    start = threading.Barrier(len(calls))

    def run(call: object) -> None:
        start.wait()
        try:
            call()  # type: ignore[operator]
        except (AlreadyChanged, CodeReceived):
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_cancel_sms_and_expiry_at_once_leave_one_end_and_at_most_one_refund(
    shopper: Shopper, provider: Provider
) -> None:
    for number in range(10):
        race(shopper, provider, str(number))


def race(shopper: Shopper, provider: Provider, key: str) -> None:
    order_id = shopper.buy()["id"]
    activation = Order.objects.get(pk=order_id).activation_id or ""
    expire(order_id, 61)
    together(
        lambda: cancelling.cancel_order(shopper.user.pk, order_id),
        lambda: pushing.accept_push(provider, pushing.Push(activation, UpstreamSms("code", key))),
        lambda: syncing.end_if_over(order_id),
        lambda: cancelling.cancel_order(shopper.user.pk, order_id),
    )
    order = Order.objects.get(pk=order_id)
    refunds = Entry.objects.filter(kind="refund", reference=f"order:{order_id}").count()
    shown = data(shopper.api.get(f"/orders/{order_id}"))["smsHistory"]
    assert refunds == (order.status in ("FAILED", "CANCELLED"))
    assert bool(shown) == (order.status in ("RECEIVED", "COMPLETED"))
