from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from pytest_django import Settings

from accounts.wallet import services as wallet
from catalog.models import Provider
from catalog.upstream.adapter import SmsActivate
from catalog.upstream.sandbox import Sandbox
from tests.unknown.hours import ShiftedClock
from tests.unknown.weather import Weather
from tests.unknown.world import World

PATIENCE = 0.4


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
def sandbox(clock: ShiftedClock) -> Iterator[Sandbox]:
    """A provider whose clock is level with ours, and where no SMS comes unless a test sends one."""
    with Sandbox(clock=clock, prices=60, never=1.0, first_id=700_000_001) as running:
        running.shop.stock(7, "tg", Decimal("0.30"), 1_000_000)
        yield running


@pytest.fixture
def impatient(clock: ShiftedClock, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short waits for a provider that is silent or says that we are too fast; no limits for customers.

    The breaker never trips: every purchase has to meet the weather.
    """
    monkeypatch.setattr("catalog.upstream.adapter.TOTAL_SECONDS", PATIENCE)
    monkeypatch.setattr("catalog.upstream.adapter._PAUSE_SECONDS", 0.02)
    monkeypatch.setattr("catalog.breaker.TRIPS_AFTER", 1_000_000)
    settings.API_WRITES_PER_WINDOW = settings.API_READS_PER_WINDOW = 1_000_000
    settings.UPSTREAM_SEATS = 100
    plain = SmsActivate.history

    def history(self: Any, since: datetime, until: datetime) -> Any:
        skipped = timedelta(seconds=clock.skipped)
        return plain(self, since + skipped, until + skipped)

    with patch.object(SmsActivate, "history", history):
        yield


@pytest.fixture
def world(provider: Provider, sandbox: Sandbox, clock: ShiftedClock, impatient: None) -> World:
    weather = Weather(seed=1)
    sandbox.faults = weather
    return World(provider, sandbox, clock, weather)


def fund(user_id: str, cents: int) -> None:
    wallet.adjust(user_id, cents, f"more:{user_id}", reason="test money", actor="tests")
