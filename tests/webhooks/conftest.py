from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from standardwebhooks import Webhook

from accounts.models import User
from orders.webhooks.models import Delivery, Endpoint, Event
from orders.webhooks.services import desk
from orders.webhooks.services.sending import send_due
from tests.webhooks.receiver import Receiver, Request

URL = "https://hooks.example.com/jiema?shop=1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@dataclass
class Hook:
    """Alice's endpoint for all events, its secret, and the server behind it."""

    endpoint: Endpoint
    secret: str
    receiver: Receiver

    def send(self) -> int:
        return send_due(self.receiver.line())

    def due_now(self) -> None:
        """As if the waits were over."""
        for delivery in Delivery.objects.filter(state="pending"):
            Delivery.objects.filter(pk=delivery.pk).update(due_at=delivery.created_at)

    def told(self) -> list[str]:
        return [request.json["type"] for request in self.receiver.requests]

    def refresh(self) -> Endpoint:
        self.endpoint.refresh_from_db()
        return self.endpoint


def verified(request: Request, secret: str) -> Any:
    """What the body says, by the reference implementation of the standard. Raises WebhookVerificationError."""
    return Webhook(secret).verify(request.body, request.headers)


@pytest.fixture
def hook(alice: User, receiver: Receiver) -> Hook:
    endpoint, secret = desk.add_endpoint(alice.pk, URL, list(Event))
    return Hook(endpoint, secret, receiver)
