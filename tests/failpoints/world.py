"""A shop with its provider, its customers and its worker, and time that passes at our word."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, Max, Model, QuerySet
from django.test import Client

from accounts.models import User
from accounts.topups import tasks as payments
from accounts.topups.models import TopUp, WebhookEvent
from accounts.topups.sandbox.cards import CardSandbox
from accounts.wallet.models import Wallet
from catalog.models import Provider
from catalog.upstream.sandbox import Sandbox
from catalog.upstream.sandbox.engine.activation import Activation
from catalog.upstream.sandbox.faults import Faults
from orders import tasks as worker
from orders.models import IdempotentCall, Order, Sms, StrayActivation, UpstreamAttempt
from orders.services.reconciling import IN_FLIGHT
from tests.conftest import WISH, Api
from tests.failpoints.replies import Reply, ask

CALL_IS_OVER = IN_FLIGHT.total_seconds() + 1
"""Seconds after which a sweep takes no purchase for one that is under way."""
DATED = (Order, UpstreamAttempt, StrayActivation, IdempotentCall, TopUp, WebhookEvent)
NOTHING = "0"
"""Before the first id, be it a number or a text."""
NEVER_CHANGES = frozenset({"orders.Order.created_at"})


class SkippingClock:
    """The real time and what was skipped: the sandbox's clock."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def now(self) -> float:
        return time.time() + self.skipped


@dataclass
class Marks:
    """What there was before a case began."""

    rows: dict[type[Model], Any]
    number: int
    balances: dict[str, int]
    upstream_balance: Decimal


@dataclass
class World:
    alice: User
    alices: Api
    carol: User
    carols: Api
    provider: Provider
    sandbox: Sandbox
    clock: SkippingClock
    cards: CardSandbox
    marks: Marks = field(init=False)
    repeats: list[Reply] = field(default_factory=list)
    """What the caller was told when it repeated its call."""
    case: int = 0

    def begin(self) -> None:
        """From here on only what is new counts."""
        self.case += 1
        self.repeats = []
        self.sandbox.faults.clear()
        self.marks = Marks(
            {model: model._default_manager.aggregate(last=Max("pk"))["last"] or NOTHING for model in DATED},
            max((number.id for number in self._all_numbers()), default=0),
            {user.pk: balance(user) for user in (self.alice, self.carol)},
            self.sandbox.shop.account.balance,
        )

    def new(self, model: type[Model]) -> QuerySet[Any]:
        return model._default_manager.filter(pk__gt=self.marks.rows[model]).order_by("pk")

    def orders(self) -> list[Order]:
        return list(self.new(Order).select_related("attempt"))

    def numbers(self) -> list[Activation]:
        """What the provider sold since the case began."""
        return [number for number in self._all_numbers() if number.id > self.marks.number]

    def _all_numbers(self) -> list[Activation]:
        return self.sandbox.shop.history(0, self.clock.now() + 1, 0, 1_000_000)

    # Customers

    def buy(self, key: str = "") -> Any:
        return self.post("/orders", WISH, key)

    def post(self, path: str, body: object = None, key: str = "") -> Any:
        return self.alices.post(path, body, **({"Idempotency-Key": key} if key else {}))

    def bought(self) -> str:
        """The id of an order with its number."""
        reply = ask(self.buy)
        assert reply.code == "OK"
        assert reply.order_id
        return reply.order_id

    def held(self, fault: str, key: str = "") -> str:
        """The id of an order whose purchase ended unclear."""
        self.sandbox.fail("getNumberV2", fault)
        reply = ask(lambda: self.buy(key))
        assert reply.code == "OUTCOME_UNKNOWN"
        assert reply.order_id
        return reply.order_id

    def read(self, order_id: str) -> Reply:
        return ask(lambda: self.alices.get(f"/orders/{order_id}"))

    def key(self) -> str:
        return f"case-{self.case}"

    # Their provider

    def activation(self, order_id: str) -> int:
        return int(Order.objects.get(pk=order_id).activation_id or 0)

    def deliver(self, order_id: str, text: str = "code 1111") -> None:
        self.sandbox.shop.deliver(self.activation(order_id), text)

    def push(self, activation: int, text: str = "code 1111") -> Any:
        body = {"activationId": str(activation), "text": text, "receivedAt": "2026-01-01T12:00:00"}
        return Client().post(f"/api/push/{self.provider.push_secret}", body, "application/json")

    @contextmanager
    def fair_weather(self) -> Iterator[None]:
        """Faults wait for whom they are meant for."""
        waiting, self.sandbox.faults = self.sandbox.faults, Faults()
        yield
        self.sandbox.faults = waiting

    # The worker

    def work(self) -> None:
        for task in self.tasks:
            task()

    @property
    def tasks(self) -> tuple[Callable[[], object], ...]:
        ours = (payments.follow, payments.handle_webhooks, payments.send_payouts)
        return (self.sweep, worker.end_due, worker.cancel_upstream, *ours)

    def sweep(self) -> None:
        worker.sweep_provider(self.provider.pk)

    def pass_time(self, seconds: float) -> None:
        """At the provider by its clock; with us by moving what the new rows say into the past."""
        self.clock.skipped += seconds
        self.sandbox.shop.tick()
        moves = [_earlier(model, self.marks.rows[model], seconds) for model in DATED]
        with connection.cursor() as cursor:
            cursor.execute("; ".join([*moves, _earlier(Provider, NOTHING, seconds)]))


def _earlier(model: type[Model], after: object, seconds: float) -> str:
    names = [field.column for field in model._meta.fields if isinstance(field, DateTimeField)]
    moving = [name for name in names if f"{model._meta.label}.{name}" not in NEVER_CHANGES]
    moved = ", ".join(f"{name} = {name} - interval '{seconds} seconds'" for name in moving)
    return f"UPDATE {model._meta.db_table} SET {moved} WHERE id > '{after}'"


def balance(user: User) -> int:
    return Wallet.objects.get(user=user).balance_cents


def texts(order_id: str) -> list[str]:
    return list(Sms.objects.filter(order=order_id).order_by("id").values_list("body", flat=True))
