"""What the shop refuses to run with."""

import pytest
from pytest_django import Settings

from accounts.topups import checks
from tests.topups.chain import XPUB


@pytest.fixture(autouse=True)
def in_earnest(settings: Settings) -> None:
    settings.DEBUG, settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL = False, "sk_live_x", ""
    settings.TRON_XPUB, settings.TRONGRID_URL, settings.TRON_CONFIRMATIONS = XPUB, "https://api.trongrid.io", 19


def test_in_earnest_all_is_well() -> None:
    assert checks.payments_are_real(None) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRIPE_SECRET_KEY", "sk_test_x"),
        ("STRIPE_SECRET_KEY", "rk_test_x"),
        ("STRIPE_API_URL", "http://127.0.0.1:9"),
        ("TRONGRID_URL", "http://api.trongrid.io"),
        ("TRON_CONFIRMATIONS", 18),
    ],
)
def test_whoever_could_make_money_is_named(settings: Settings, name: str, value: object) -> None:
    setattr(settings, name, value)
    (found,) = checks.payments_are_real(None)
    assert (found.id, name in found.msg) == ("topups.E004", True)
    settings.DEBUG = True
    assert checks.payments_are_real(None) == []
