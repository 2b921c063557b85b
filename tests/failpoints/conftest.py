from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from pytest_django import Settings

from accounts.models import User
from accounts.topups.sandbox.cards import CardSandbox
from accounts.wallet import services as wallet
from catalog.models import Provider
from catalog.upstream.adapter import SmsActivate
from catalog.upstream.sandbox import Sandbox
from tests.conftest import Shopper, api_of
from tests.failpoints.world import SkippingClock, World


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def clock() -> SkippingClock:
    return SkippingClock()


@pytest.fixture
def sandbox(clock: SkippingClock) -> Iterator[Sandbox]:
    """A provider whose clock is level with ours, and where no SMS comes unless a flow sends one."""
    with Sandbox(clock=clock, prices=60, never=1.0, first_id=700_000_001) as running:
        running.shop.stock(7, "tg", Decimal("0.30"), 1_000_000)
        yield running


@pytest.fixture
def cards(settings: Settings) -> Iterator[CardSandbox]:
    """The gateway that the payments are made at."""
    with CardSandbox() as running:
        settings.SANDBOX_GATEWAY, settings.SANDBOX_GATEWAY_URL = True, running.url
        (settings.SANDBOX_GATEWAY_SECRET,) = running.secrets
        yield running


@pytest.fixture
def world(
    alice: User,
    carol: User,
    shopper: Shopper,
    provider: Provider,
    clock: SkippingClock,
    cards: CardSandbox,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """Customers with money for hundreds of cases, and no limits."""
    settings.API_WRITES_PER_WINDOW = settings.API_READS_PER_WINDOW = 1_000_000
    settings.API_ORDER_POLLS_PER_WINDOW = settings.API_KEY_POLLS_PER_WINDOW = 1_000_000
    settings.CANCEL_BRAKE_ORDERS = 0
    monkeypatch.setattr("orders.once.PATIENCE_SECONDS", 0.0)
    for user in (alice, carol):
        wallet.adjust(user.pk, 1_000_000, f"more:{user.pk}", reason="test money", actor="tests")
    with patch.object(SmsActivate, "history", _history_of(clock)):
        yield World(alice, shopper.api, carol, api_of(carol), provider, shopper.sandbox, clock, cards)


def _history_of(clock: SkippingClock) -> Any:
    """Our rows keep to the real time; the provider's list keeps to its clock."""
    plain = SmsActivate.history

    def history(adapter: SmsActivate, since: datetime, until: datetime) -> Any:
        skipped = timedelta(seconds=clock.skipped)
        return plain(adapter, since + skipped, until + skipped)

    return history
