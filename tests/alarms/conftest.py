from collections.abc import Iterator

import pytest
from pytest_django import Settings

from catalog.models import Provider
from catalog.services.providers import _adapter
from catalog.upstream.sandbox import Sandbox
from jiema import watch
from jiema.api import limits, valkey
from tests.alarms.scene import SECRETS, Scene
from tests.conftest import Shopper


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a process remembers of faults, it forgets after each test."""
    monkeypatch.setattr(limits._Told, "at", limits._Told.at)
    monkeypatch.setattr(watch._Outage, "since", None)
    monkeypatch.setattr(valkey, "_resting_until", 0.0)
    yield
    valkey.forget()
    _adapter.cache_clear()


@pytest.fixture
def scene(
    shopper: Shopper, provider: Provider, sandbox: Sandbox, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    settings.METRICS_TOKEN = "figures"
    sandbox.shop.account.key = SECRETS["provider's key"]
    scene = Scene(shopper, provider, sandbox, settings, monkeypatch)
    scene.provider_is(api_key=SECRETS["provider's key"], push_secret=SECRETS["push secret"])
    return scene
