"""After a refund no code is shown: whichever way the money came back, by whichever road the SMS comes."""

import json
import logging
from collections.abc import Callable, Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts import services as accounts
from catalog.models import Provider
from orders.models import IdempotentCall, Order, Sms
from orders.services import cancelling, reconciling, syncing
from orders.services.lifecycle import database_now
from tests.conftest import PASSWORD, WISH, Shopper, data, error, expire
from tests.orders.test_buying import reconcile
from tests.orders.test_four_way_race import seen
from tests.web.conftest import signed_in

CODE = "734951"
TEXT = f"Your secret is {CODE}"
KEYS = {"create": {"Idempotency_Key": "create"}, "cancel": {"Idempotency_Key": "cancel"}}


# Ways to a refund: each leaves an order that has its number and whose customer has the money back.


def look(order_id: str) -> None:
    syncing.poll(Order.objects.select_related("provider").get(pk=order_id))


def cancelled(shopper: Shopper) -> str:
    order_id: str = shopper.buy(**KEYS["create"])["id"]
    data(shopper.api.post(f"/orders/{order_id}/cancel", **KEYS["cancel"]))
    return order_id


def expired(shopper: Shopper) -> str:
    order_id: str = shopper.buy(**KEYS["create"])["id"]
    expire(order_id, 90)
    assert syncing.end_due_orders() == 1
    return order_id


def withdrawn(shopper: Shopper) -> str:
    order_id: str = shopper.buy(**KEYS["create"])["id"]
    shopper.sandbox.shop.withdraw(700_000_001)
    look(order_id)
    return order_id


def cancelled_while_held(shopper: Shopper) -> str:
    shopper.sandbox.fail("getNumberV2", "sold_then_close")
    order_id: str = shopper.api.post("/orders", WISH, **KEYS["create"]).json()["orderId"]
    data(shopper.api.post(f"/orders/{order_id}/cancel", **KEYS["cancel"]))
    reconcile()
    return order_id


WAYS: list[Callable[[Shopper], str]] = [cancelled, expired, withdrawn, cancelled_while_held]


# Roads of an SMS that comes too late.


def push(shopper: Shopper, provider: Provider) -> None:
    body = {"activationId": 700_000_001, "text": TEXT, "code": CODE, "receivedAt": "2026-01-01T12:00:00"}
    reply = Client().post(f"/api/push/{provider.push_secret}", json.dumps(body), content_type="application/json")
    assert (reply.status_code, reply.content) == (200, b'{"ok":true,"data":{}}')


def status(shopper: Shopper, provider: Provider) -> None:
    shopper.sandbox.shop.deliver(700_000_001, TEXT)
    look(Order.objects.get().pk)


def sweep(shopper: Shopper, provider: Provider) -> None:
    row = {"activationId": "700000001", "serviceCode": "tg", "countryCode": "7", "phoneNumber": "60111111111"}
    row |= {"activationStatus": "2", "smsText": TEXT, "smsCode": CODE}
    shopper.sandbox.fail("getActiveActivations", "reply", body=json.dumps({"status": "success", "data": [row]}))
    shopper.buy()  # so that there is something to sweep for
    reconciling.sweep(provider)


def give_back(shopper: Shopper, provider: Provider) -> None:
    """The provider refuses to take the number back, and tells the SMS as the reason."""
    shopper.sandbox.shop.deliver(700_000_001, TEXT)
    Order.objects.update(cancel_upstream_at=database_now())
    assert cancelling.give_back_due() == 1


ROADS: list[Callable[[Shopper, Provider], None]] = [push, status, sweep, give_back]


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def by_customer(shopper: Shopper, order_id: str) -> bytes:
    """All that the customer can read, and the answers to every call repeated."""
    pages = signed_in(shopper.user)
    shown = [pages.get(path) for path in ("/", "/dashboard", "/orders", "/account/statement")]
    shown += [
        shopper.api.get(f"/orders?status={status}") for status in ("CANCELLED", "FAILED", "RECEIVED", "COMPLETED")
    ]
    repeated = [
        shopper.api.post("/orders", WISH, **KEYS["create"]),
        shopper.api.post(f"/orders/{order_id}/cancel", **KEYS["cancel"]),
        shopper.api.post(f"/orders/{order_id}/cancel"),
        shopper.api.post(f"/orders/{order_id}/next-sms"),
    ]
    return b"".join([*seen(shopper, pages, order_id), *(reply.content for reply in shown + repeated)])


def by_staff() -> bytes:
    """Every list and every row of the admin."""
    staff = signed_in(accounts.create_user("ops@example.com", PASSWORD, is_staff=True))
    return b"".join(staff.get(address).content for address in admin_addresses())


def admin_addresses() -> Iterator[str]:
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield from (reverse(f"{name}_change", args=[row.pk]) for row in model._default_manager.all()[:3])


@pytest.mark.parametrize("road", ROADS, ids=lambda road: road.__name__)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_sms_after_the_refund_is_kept_and_nowhere_shown(
    shopper: Shopper,
    provider: Provider,
    told: pytest.LogCaptureFixture,
    way: Callable[[Shopper], str],
    road: Callable[[Shopper, Provider], None],
) -> None:
    order_id = way(shopper)
    before = shopper.balance()
    road(shopper, provider)
    order = Order.objects.get(pk=order_id)
    assert (order.status in ("CANCELLED", "FAILED"), order.sms_body, order.refunded_cents) == (True, None, 39)
    assert Sms.objects.filter(order=order, body=TEXT).count() == (0 if is_silent(way, road) else 1)
    assert CODE.encode() not in by_customer(shopper, order_id)
    assert CODE not in told.text
    assert before - shopper.balance() == (39 if road is sweep else 0)


def is_silent(way: Callable[[Shopper], str], road: Callable[[Shopper, Provider], None]) -> bool:
    """The provider tells no SMS of a number that it took away itself."""
    return way is withdrawn and road in (status, give_back)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_reply_lost_before_the_refund_is_made_anew_without_the_code(
    shopper: Shopper, provider: Provider, way: Callable[[Shopper], str]
) -> None:
    order_id = way(shopper)
    push(shopper, provider)
    IdempotentCall.objects.update(reply=None)
    again = shopper.api.post("/orders", WISH, **KEYS["create"])
    assert data(again)["id"] == order_id
    assert (data(again)["smsBody"], data(again)["smsHistory"]) == (None, [])
    assert CODE.encode() not in again.content


def test_staff_never_read_what_an_sms_says(shopper: Shopper, provider: Provider) -> None:
    expired(shopper)
    push(shopper, provider)
    give_back(shopper, provider)
    received = shopper.buy()["id"]
    shopper.deliver(received, TEXT)
    look(received)
    assert Order.objects.get(pk=received).sms_body == TEXT
    assert CODE.encode() not in by_staff()


def test_a_code_that_came_first_is_paid_for_and_stays(shopper: Shopper, provider: Provider) -> None:
    """The control: where there is no refund the customer sees the code in all these places."""
    order_id = shopper.buy(**KEYS["create"])["id"]
    push(shopper, provider)
    assert error(shopper.api.post(f"/orders/{order_id}/cancel")) == (400, "CODE_RECEIVED")
    assert all(CODE.encode() in page for page in seen(shopper, signed_in(shopper.user), order_id))
    assert shopper.balance() == 2500 - 39
