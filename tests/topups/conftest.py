from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.topups.models import Method, PaymentMethod
from accounts.topups.sandbox.chain import Chain
from tests.topups.chain import XPUB


@pytest.fixture
def till(db: None) -> None:
    """Bank transfers in US dollars, from $1 to $1,000."""
    PaymentMethod.objects.create(gateway=Method.BANK, instructions="Test Bank\nAccount 1234")


@pytest.fixture
def shops_chain(settings: Settings) -> Iterator[Chain]:
    """The chain that the shop's own USDT payments go over."""
    with Chain() as running:
        settings.TRON_XPUB, settings.TRONGRID_URL = XPUB, running.url
        yield running
