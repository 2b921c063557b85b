import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.models import DateTimeField, Func
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings
from redis import Redis

from accounts import services as accounts
from accounts.models import User
from accounts.wallet import services as wallet
from accounts.wallet.models import Wallet
from catalog.api.views import _rendered
from catalog.models import Country, Offer, Provider, Service
from catalog.services.pricing import set_markup
from catalog.services.providers import set_provider
from catalog.upstream.sandbox import Sandbox, VirtualClock
from jiema import books
from orders.models import Order

PASSWORD = "correct horse 7 battery"


@pytest.fixture(autouse=True)
def _fresh_caches() -> None:
    with Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
    _rendered.cache_clear()


@pytest.fixture(autouse=True, scope="session")
def _flush_past_the_ledgers_guard() -> Iterator[None]:
    """Tests with real transactions empty all tables afterwards, which the ledger refuses everybody else."""
    plain = DatabaseOperations.sql_flush

    def sql_flush(self: Any, style: Any, tables: Any, **options: Any) -> list[str]:
        return [
            "ALTER TABLE wallet_entry DISABLE TRIGGER USER;",
            *plain(self, style, tables, **options),
            "ALTER TABLE wallet_entry ENABLE TRIGGER USER;",
            "INSERT INTO catalog_catalogueversion (id, version) VALUES (1, 1);",
        ]

    with patch.object(DatabaseOperations, "sql_flush", sql_flush):
        yield


@pytest.fixture(autouse=True)
def _books_add_up(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test that touches the database each wallet equals the sum of its entries, and more."""
    uses_database = {"db", "transactional_db"} & set(request.fixturenames) or request.node.get_closest_marker(
        "django_db"
    )
    if uses_database:
        request.getfixturevalue("_django_db_helper")  # so that we look before it cleans up
    yield
    if uses_database and not connection.needs_rollback:
        assert books.breaches() == []


def unguard() -> None:
    """To the end of the transaction no trigger fires, so that a planted fault can stand."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")


def make_user(name: str, cents: int = 0) -> User:
    user = accounts.create_user(f"{name}@example.com", PASSWORD)
    if cents:
        wallet.adjust(user.pk, cents, f"funds:{name}", reason="test money", actor="tests")
    return user


@pytest.fixture
def alice(db: None) -> User:
    """Has money: $25.00."""
    return make_user("alice", 2500)


@pytest.fixture
def bob(db: None) -> User:
    """Has none."""
    return make_user("bob")


@pytest.fixture
def carol(db: None) -> User:
    """A stranger with money: $10.00."""
    return make_user("carol", 1000)


@dataclass
class Api:
    """The JSON API as one key sees it."""

    token: str | None

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        data = b"" if body is None else json.dumps(body).encode()
        return self.call("POST", path, data, **headers)

    def call(self, method: str, path: str, data: bytes = b"", **headers: str) -> Any:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        return Client().generic(method, f"/api/v1{path}", data, "application/json", headers=sent)


def api_of(user: User) -> Api:
    return Api(accounts.create_api_key(user.pk, "tests")[1])


@pytest.fixture
def api(alice: User) -> Api:
    """Alice's."""
    return api_of(alice)


def data(response: HttpResponse) -> Any:
    """What a success carries."""
    assert response.status_code == 200, response.content
    body = json.loads(response.content)
    assert body.keys() == {"ok", "data"}
    assert body["ok"] is True
    return body["data"]


def error(response: HttpResponse) -> tuple[int, str]:
    """Status and code of a refusal in the envelope."""
    body = json.loads(response.content)
    assert body["ok"] is False
    assert body["message"]
    assert response["Content-Type"] == "application/json"
    return response.status_code, body["code"]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A provider with virtual time, where no SMS comes unless a test sends one."""
    with Sandbox(clock=VirtualClock(), prices=60, never=1.0, first_id=700_000_001) as running:
        running.shop.stock(7, "tg", Decimal("0.30"), 100)
        yield running


@pytest.fixture
def provider(db: None, sandbox: Sandbox) -> Provider:
    """Sells Telegram in Malaysia: cost $0.30, price 39 cents."""
    found, _ = set_provider(
        "sandbox",
        {"dialect": "hero", "base_url": sandbox.url, "api_key": "sandbox", "calls_per_second": None},
    )
    malaysia = Country.objects.create(id=7, iso2="MY", slug="my", name="Malaysia")
    telegram = Service.objects.create(code="tg", slug="telegram", name="Telegram")
    Offer.objects.create(provider=found, service=telegram, country=malaysia, cost=Decimal("0.30"), count=100)
    set_markup(Decimal(30))
    return found


WISH = {"service": "tg", "country": 7}


@dataclass
class Shopper:
    """Alice with her key, at a shop whose provider is the sandbox."""

    api: Api
    user: User
    sandbox: Sandbox

    def buy(self, **headers: str) -> Any:
        return data(self.api.post("/orders", WISH, **headers))

    def order(self, order_id: str) -> Any:
        """The order as GET shows it, with the provider asked first."""
        stale(order_id)
        return data(self.api.get(f"/orders/{order_id}"))

    def deliver(self, order_id: str, text: str) -> None:
        self.sandbox.shop.deliver(int(Order.objects.get(pk=order_id).activation_id or 0), text)

    def balance(self) -> int:
        return Wallet.objects.get(user=self.user).balance_cents


# The transaction's start, as the product's own deadlines see it; Django's Now() is the statement's.
NOW = Func(function="now", output_field=DateTimeField())


def stale(order_id: str) -> None:
    """As if nobody had asked the provider for four seconds."""
    Order.objects.filter(pk=order_id).update(synced_at=NOW - timedelta(seconds=4))


def expire(order_id: str, seconds_ago: float) -> None:
    """As if the order's time had ended so long ago."""
    end = NOW - timedelta(seconds=seconds_ago)
    Order.objects.filter(pk=order_id).update(expires_at=end, synced_at=end - timedelta(seconds=5))


@pytest.fixture
def shopper(
    api: Api,
    alice: User,
    provider: Provider,
    sandbox: Sandbox,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Shopper:
    settings.API_WRITES_PER_WINDOW = 1000
    for patience in ("syncing.POLL_SECONDS", "cancelling.CANCEL_SECONDS"):
        monkeypatch.setattr(f"orders.services.{patience}", 8.0)  # on a busy machine too the sandbox answers
    return Shopper(api, alice, sandbox)
