import re

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from accounts.topups import checks, services
from accounts.topups.errors import NoGateway
from accounts.topups.models import TopUp, TopUpState
from accounts.wallet.models import Entry, Wallet
from jiema.api.errors import Forbidden
from tests.web.conftest import signed_in
from tests.web.shopping import html


@pytest.fixture
def site(bob: User, settings: Settings) -> Client:
    """The pages as Bob sees them, where the sandbox gateway is open."""
    settings.SANDBOX_GATEWAY = True
    return signed_in(bob)


def start(site: Client, amount: str) -> str:
    address = str(site.post("/account/top-up", {"amount": amount})["Location"])
    assert re.fullmatch(r"/account/top-up/c\w{24}/sandbox", address)
    return address


def balance(user: User) -> int:
    return Wallet.objects.get(user=user).balance_cents


def test_paying_credits_once(site: Client, bob: User) -> None:
    address = start(site, "12.34")
    for _ in range(2):
        assert site.post(address, {"answer": "pay"})["Location"] == "/account/top-up"
    top_up = TopUp.objects.get()
    assert balance(bob) == 1234
    assert top_up.state == TopUpState.CREDITED
    assert top_up.credited_at is not None
    assert Entry.objects.get(wallet_id=bob.pk).reference == f"topup:{top_up.pk}"


def test_a_failed_payment_stays_failed(site: Client, bob: User) -> None:
    address = start(site, "10")
    assert "Nothing was taken" in html(site.post(address, {"answer": "fail"}, follow=True))
    site.post(address, {"answer": "pay"})
    assert balance(bob) == 0
    assert TopUp.objects.get().state == TopUpState.FAILED


def test_only_the_word_pay_pays(site: Client, bob: User) -> None:
    site.post(start(site, "10"))
    assert balance(bob) == 0


@pytest.mark.parametrize("amount", ["0.99", "1000.01", "0", "-5", "1.234", "NaN", "x", ""])
def test_a_bad_amount_starts_nothing(site: Client, amount: str) -> None:
    response = site.post("/account/top-up", {"amount": amount})
    assert 'class="errorlist"' in html(response)
    assert not TopUp.objects.exists()


@pytest.mark.parametrize(("amount", "cents"), [("1", 100), ("1000", 100_000), ("19.99", 1999)])
def test_the_bounds_are_taken(site: Client, amount: str, cents: int) -> None:
    start(site, amount)
    assert TopUp.objects.get().amount_cents == cents


def test_a_strangers_payment_is_not_found(site: Client, carol: User) -> None:
    assert signed_in(carol).post(start(site, "10"), {"answer": "pay"}).status_code == 404
    assert TopUp.objects.get().state == TopUpState.CREATED


def test_without_a_gateway_nothing_is_paid(site: Client, bob: User, settings: Settings) -> None:
    address = start(site, "10")
    settings.SANDBOX_GATEWAY = False
    assert site.post(address, {"answer": "pay"}).status_code == 404
    assert "There is no way to pay right now." in html(site.post("/account/top-up", {"amount": "10"}))
    with pytest.raises(NoGateway):
        services.settle_in_sandbox(TopUp.objects.get().pk, is_paid=True)
    assert balance(bob) == 0


def test_the_suspended_start_nothing(bob: User, settings: Settings) -> None:
    settings.SANDBOX_GATEWAY = True
    User.objects.update(state="suspended")
    with pytest.raises(Forbidden):
        services.start_top_up(bob.pk, 1000)


def test_free_money_in_production_is_an_error(settings: Settings) -> None:
    settings.DEBUG, settings.SANDBOX_GATEWAY = False, True
    assert [each.id for each in checks.sandbox_gateway_is_for_laptops(None)] == ["topups.E001"]


@pytest.mark.parametrize(("debug", "gateway"), [(True, True), (False, False), (True, False)])
def test_elsewhere_it_is_none(settings: Settings, debug: bool, gateway: bool) -> None:
    settings.DEBUG, settings.SANDBOX_GATEWAY = debug, gateway
    assert checks.sandbox_gateway_is_for_laptops(None) == []
