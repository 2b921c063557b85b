"""Pushes in every order of events, and pushes that are not what they seem."""

import json
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from django.test import Client

from accounts.wallet.models import Entry
from catalog.models import Provider
from catalog.services.providers import set_provider
from jiema.api.errors import DomainError
from orders.models import Order, Sms
from orders.services import cancelling, syncing
from tests.conftest import Shopper, data, expire
from tests.unknown.hours import ShiftedClock

WAYS = sorted(set(permutations(["push one", "push one", "push two", "cancel", "end"])))


def push(secret: str, body: Any, address: str = "127.0.0.1") -> int:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    client = Client(REMOTE_ADDR=address)
    return client.post(f"/api/push/{secret}", sent, content_type="application/json").status_code


def sms(activation_id: str | None, text: str) -> dict[str, Any]:
    return {"activationId": activation_id, "text": text, "code": None, "receivedAt": f"2026-01-01 {text}"}


def play(shopper: Shopper, provider: Provider, order_id: str, event: str) -> None:
    if event == "cancel":
        try:
            cancelling.cancel_order(shopper.user.pk, order_id)
        except DomainError:
            return
    elif event == "end":
        expire(order_id, 90)
        syncing.end_due_orders()
    else:
        activation_id = Order.objects.get(pk=order_id).activation_id
        assert push(provider.push_secret, sms(activation_id, event)) == 200


def expected(way: tuple[str, ...]) -> tuple[str, list[str]]:
    """Whatever comes first decides. What was pushed before the end is shown, and nothing after a refund."""
    if way[0] == "cancel":
        return "CANCELLED", []
    if way[0] == "end":
        return "FAILED", []
    return "COMPLETED", list(dict.fromkeys(event for event in way[: way.index("end")] if event.startswith("push")))


def test_there_are_sixty_orders_of_events() -> None:
    assert len(WAYS) == 60


def test_every_order_of_events_has_one_end(shopper: Shopper, provider: Provider, clock: ShiftedClock) -> None:
    for way in WAYS:
        order_id = shopper.buy()["id"]
        clock.skipped += 121
        for event in way:
            play(shopper, provider, order_id, event)
        order = data(shopper.api.get(f"/orders/{order_id}"))
        status, shown = expected(way)
        assert (order["status"], [text["body"] for text in order["smsHistory"]]) == (status, shown), way
        refunds = Entry.objects.filter(kind="refund", reference=f"order:{order_id}").count()
        assert refunds == (status != "COMPLETED"), way


Forgery = Callable[[Provider, str], int]
FORGERIES: dict[str, tuple[Forgery, int]] = {
    "no secret": (lambda provider, number: push("x", sms(number, "forged 1111")), 404),
    "half a secret": (lambda provider, number: push(provider.push_secret[:-1], sms(number, "forged 1111")), 404),
    "a secret in another case": (
        lambda provider, number: push(provider.push_secret.swapcase(), sms(number, "forged 1111")),
        404,
    ),
    "another provider's secret": (
        lambda provider, number: push(other_secret(provider), sms(number, "forged 1111")),
        200,
    ),
    "another number": (lambda provider, number: push(provider.push_secret, sms("700000002", "forged 1111")), 200),
    "no number": (lambda provider, number: push(provider.push_secret, sms(None, "forged 1111")), 200),
    "a number in a list": (
        lambda provider, number: push(provider.push_secret, {"activationId": [number], "text": "forged 1111"}),
        200,
    ),
    "a number with a blank": (lambda provider, number: push(provider.push_secret, sms(f" {number}", "forged")), 200),
    "a text that is none": (
        lambda provider, number: push(provider.push_secret, {"activationId": number, "text": {"a": 1}}),
        200,
    ),
    "a list": (lambda provider, number: push(provider.push_secret, [sms(number, "forged 1111")]), 400),
    "no JSON": (lambda provider, number: push(provider.push_secret, b"activationId=700000001&text=1"), 400),
}


def other_secret(provider: Provider) -> str:
    other, _ = set_provider("other", {"dialect": "hero", "base_url": provider.base_url, "api_key": "other"})
    return other.push_secret


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_push_changes_nothing(shopper: Shopper, provider: Provider, name: str) -> None:
    forge, answer = FORGERIES[name]
    before = shopper.buy()
    assert forge(provider, "700000001") == answer
    assert data(shopper.api.get(f"/orders/{before['id']}")) == before
    assert not Sms.objects.exists()


def test_a_push_from_an_address_that_is_not_listed_changes_nothing(shopper: Shopper, provider: Provider) -> None:
    Provider.objects.update(push_addresses="84.32.223.53, 185.138.88.87")
    before = shopper.buy()
    assert push(provider.push_secret, sms("700000001", "forged 1111"), "84.32.223.54") == 404
    assert data(shopper.api.get(f"/orders/{before['id']}")) == before
    assert push(provider.push_secret, sms("700000001", "true 2222"), "185.138.88.87") == 200
    assert data(shopper.api.get(f"/orders/{before['id']}"))["smsBody"] == "true 2222"
