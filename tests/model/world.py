"""The shop that the model runs in: two customers, providers of three kinds, one clock."""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from django.test import Client, override_settings

from accounts import services as accounts
from accounts.models import User
from catalog.models import Country, Offer, Provider, Service
from catalog.services import providers
from catalog.services.pricing import rebuild_price_list, set_markup
from catalog.upstream.adapter import SmsActivate
from tests.model.clock import Clock, empty_tables, virtual_time
from tests.model.foresight import BRAKE_CANCELS, BRAKE_ORDERS
from tests.model.state import Pair
from tests.model.wire import Death, Ear, Wire, new_sandbox

PROFILES = {"hero": "hero", "classic": "classic", "bower": "classic"}
"""Dialects, and how the sandbox speaks them: with list and history, in other words, and with neither."""
COSTS: dict[Pair, Decimal] = {("tg", 7): Decimal("0.30"), ("wa", 7): Decimal("0.1101")}
PAIRS = sorted(COSTS)
VERBS = ("buy", "status", "active", "history", "next_sms", "cancel", "balance", "countries", "services", "offers")
LIMITS = ("API_READS_PER_WINDOW", "API_WRITES_PER_WINDOW", "API_ORDER_POLLS_PER_WINDOW", "API_KEY_POLLS_PER_WINDOW")


@dataclass
class World:
    clock: Clock
    death: Death
    ear: Ear
    wire: Wire
    client: Client
    users: list[str]
    tokens: list[str]
    providers: dict[str, Provider]

    def open(self, dialect: str) -> Provider:
        """As new: nobody has money or orders, and one provider sells two services."""
        empty_tables()
        self.wire.sandbox = new_sandbox(PROFILES[dialect], self.clock, COSTS)
        providers._adapter.cache_clear()
        Provider.objects.update(is_enabled=False, paused_at=None, pause_reason="", balance=None)
        Provider.objects.filter(pk=self.providers[dialect].pk).update(is_enabled=True)
        for (service, country), cost in COSTS.items():
            Offer.objects.filter(service=service, country=country).update(cost=cost, count=100)
        set_markup(Decimal(30))
        rebuild_price_list()
        return self.providers[dialect]

    def post(self, path: str, body: Any) -> str:
        """As a provider does. The error's code, or OK."""
        reply = self.client.post(path, body, "application/json")
        return str(json.loads(reply.content).get("code", "OK"))


@contextmanager
def new_world() -> Iterator[World]:
    """Needs a database of its own with real commits. Users and providers stay from example to example."""
    clock, death, ear = Clock(), Death(), Ear()
    wire = Wire(death)
    logging.disable()
    with (
        virtual_time(clock),
        override_settings(
            SANDBOX_GATEWAY=True,
            CANCEL_BRAKE_ORDERS=BRAKE_ORDERS,
            CANCEL_BRAKE_PERCENT=100 * BRAKE_CANCELS // BRAKE_ORDERS,
            **dict.fromkeys(LIMITS, 10**9),
        ),
        patch("catalog.upstream.adapter.Transport", lambda *_: wire),
        patch("catalog.services.providers.ProviderBudget", lambda *_: None),
        patch("catalog.breaker.time", clock),
        patch("orders.services.buying.time", clock),
        patch("django.utils.timezone.now", lambda: datetime.fromtimestamp(clock.now(), UTC)),
        patch.multiple(SmsActivate, **{verb: ear.on(verb) for verb in VERBS}),
    ):
        users = [User.objects.create_user(f"{name}@example.com").pk for name in ("poor", "rich")]
        tokens = [accounts.create_api_key(user, "model")[1] for user in users]
        country = Country.objects.create(id=7, iso2="MY", slug="my", name="Malaysia")
        services = [Service.objects.create(code=code, slug=f"{code}-model", name=code) for code, _ in PAIRS]
        sold = {dialect: _provider(dialect, country, services) for dialect in PROFILES}
        yield World(clock, death, ear, wire, Client(), users, tokens, sold)
        empty_tables()
    logging.disable(logging.NOTSET)


def _provider(dialect: str, country: Country, services: Sequence[Service]) -> Provider:
    fields = {"dialect": dialect, "base_url": "http://sandbox", "api_key": "sandbox", "calls_per_second": None}
    provider, _ = providers.set_provider(dialect, fields)
    for service in services:
        Offer.objects.create(provider=provider, service=service, country=country, cost=1, count=1)
    return provider
