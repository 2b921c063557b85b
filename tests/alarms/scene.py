"""A shop in which something goes wrong, and the register of what can."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from catalog.models import Provider
from catalog.upstream.sandbox import Sandbox
from jiema.alarms.models import Alarm
from tests.conftest import WISH, Shopper

SECRETS = {
    "provider's key": "key-canary-61f2",
    "push secret": "push-canary-93b1",
    "SMS": "OTP canary 774411",
    "exception's words": "words-canary-58d0",
}


@dataclass
class Scene:
    shopper: Shopper
    provider: Provider
    sandbox: Sandbox
    settings: Settings
    patches: pytest.MonkeyPatch

    def refused(self) -> str:
        """A purchase that is refused; the id of the order that it left."""
        reply = self.shopper.api.post("/orders", WISH)
        assert reply.status_code == 503, reply.content
        order_id: str = reply.json().get("orderId", "")
        return order_id

    def provider_is(self, **fields: object) -> None:
        Provider.objects.filter(pk=self.provider.pk).update(**fields)
        self.provider.refresh_from_db()


Story = Iterator[object]


@dataclass(frozen=True)
class Fault:
    """happens: a generator. It makes the fault happen and yields the alarm's subject; makes it happen again and
    yields how often the alarm was raised by then; and at last mends it."""

    code: str
    happens: Callable[[Scene], Story]

    def __str__(self) -> str:
        return f"{self.code}-{self.happens.__name__}"


FAULTS: list[Fault] = []


def fault(code: str) -> Callable[[Callable[[Scene], Story]], Callable[[Scene], Story]]:
    """Register what raises the alarm of this code."""

    def register(happens: Callable[[Scene], Story]) -> Callable[[Scene], Story]:
        FAULTS.append(Fault(code, happens))
        return happens

    return register


def figures() -> dict[tuple[str, str], float]:
    """The exposition, by name and (only) label."""
    token = {"Authorization": f"Bearer {settings.METRICS_TOKEN}"}
    text = Client().get("/metrics", headers=token).content.decode()
    families = text_string_to_metric_families(text)
    return {(row.name, *row.labels.values()): row.value for family in families for row in family.samples}  # type: ignore[misc]


def open_alarms(code: str) -> list[tuple[str, int]]:
    """Subject and times of what is open."""
    return [*Alarm.objects.filter(code=code, cleared_at=None).values_list("subject", "times")]
