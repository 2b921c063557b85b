"""What goes wrong with an order."""

import json
from datetime import timedelta

from django.db.models.functions import Now
from django.test import Client

from jiema import watch
from orders.models import Order
from orders.services import cancelling, reconciling, syncing
from orders.webhooks.models import Delivery, Event
from orders.webhooks.services import desk
from tests.alarms.scene import SECRETS, Scene, Story, fault
from tests.conftest import WISH, data, expire
from tests.orders.test_settling import held, sent

LATE = timedelta(minutes=6)


def push(scene: Scene, activation_id: str, text: str) -> int:
    path = f"/api/push/{scene.provider.push_secret}"
    body = json.dumps({"activationId": activation_id, "text": text})
    return Client().post(path, body, content_type="application/json").status_code


def sold(scene: Scene, activation_id: int, cost: float) -> str:
    """The provider answers a purchase with this; the order's id."""
    reply = {"activationId": activation_id, "phoneNumber": "60123456789", "activationCost": cost}
    scene.sandbox.fail("getNumberV2", "reply", body=json.dumps(reply))
    body = scene.shopper.api.post("/orders", WISH).json()
    order_id: str = body["data"]["id"] if body["ok"] else body["orderId"]
    return order_id


def give_back_due() -> None:
    Order.objects.filter(cancel_upstream_at__isnull=False).update(cancel_upstream_at=Now())
    cancelling.give_back_due()


@fault("purchase_unsettled")
def nobody_knows(scene: Scene) -> Story:
    order_id = held(scene.shopper, "sold_then_close")
    sent(order_id, 130)
    watch.look_around()
    yield order_id
    watch.look_around()
    yield 1
    reconciling.sweep(scene.provider)
    watch.look_around()


@fault("open_cost")
def no_list_to_look_in(scene: Scene) -> Story:
    scene.provider_is(dialect="bower")
    order_id = held(scene.shopper, "sold_then_close")
    sent(order_id, 130)
    reconciling.sweep(scene.provider)
    yield order_id
    reconciling.sweep(scene.provider)
    yield 1


@fault("activation_sold_twice")
def same_number_again(scene: Scene) -> Story:
    scene.shopper.buy()
    yield sold(scene, 700_000_001, 0.30)
    yield 1


@fault("bought_above_cap")
def dearer_than_asked(scene: Scene) -> Story:
    yield sold(scene, 700_000_901, 0.31)
    yield 1


@fault("late_sms")
def after_a_cancel(scene: Scene) -> Story:
    order_id = scene.shopper.buy()["id"]
    data(scene.shopper.api.post(f"/orders/{order_id}/cancel"))
    scene.shopper.deliver(order_id, SECRETS["SMS"])
    give_back_due()
    yield order_id
    assert push(scene, "700000001", "another") == 200
    yield 1


@fault("late_sms")
def after_the_end(scene: Scene) -> Story:
    order_id = scene.shopper.buy()["id"]
    expire(order_id, 61)
    syncing.end_due_orders()
    assert push(scene, "700000001", SECRETS["SMS"]) == 200
    yield order_id
    assert push(scene, "700000001", "another") == 200
    yield 1


@fault("number_kept")
def not_taken_back(scene: Scene) -> Story:
    scene.sandbox.shop.rules.lifetime = 7200
    order_id = scene.shopper.buy()["id"]
    data(scene.shopper.api.post(f"/orders/{order_id}/cancel"))
    expire(order_id, 3700)
    scene.sandbox.advance(1201)  # the end of the time in which an unused number is taken back
    give_back_due()
    yield order_id
    give_back_due()
    yield 1


@fault("order_overdue")
def outlived(scene: Scene) -> Story:
    order_id = scene.shopper.buy()["id"]
    expire(order_id, 320)
    watch.look_around()
    yield order_id
    watch.look_around()
    yield 1
    syncing.end_due_orders()
    watch.look_around()


@fault("webhooks_late")
def nobody_sends(scene: Scene) -> Story:
    endpoint, _ = desk.add_endpoint(scene.shopper.user.pk, "https://hooks.example.com/", list(Event))
    Delivery.objects.create(endpoint=endpoint, type=Event.RECEIVED, body=SECRETS["SMS"], due_at=Now() - LATE)
    watch.look_around()
    yield ""
    watch.look_around()
    yield 1
    Delivery.objects.update(due_at=Now())
    watch.look_around()


@fault("cancel_brake")
def thirty_cancels(scene: Scene) -> Story:
    for _ in range(30):
        order_id = scene.shopper.buy()["id"]
        data(scene.shopper.api.post(f"/orders/{order_id}/cancel"))
    assert scene.shopper.api.post("/orders", WISH).status_code == 429
    yield scene.shopper.user.pk
    assert scene.shopper.api.post("/orders", WISH).status_code == 429
    yield 2


@fault("push_from_stranger")
def strange_address(scene: Scene) -> Story:
    scene.provider_is(push_addresses="84.32.223.53")
    assert push(scene, "700000001", SECRETS["SMS"]) == 404
    yield "sandbox"
    assert push(scene, "700000001", SECRETS["SMS"]) == 404
    yield 2
