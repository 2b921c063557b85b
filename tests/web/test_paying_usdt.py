"""Paying in USDT in a browser: each state of a payment, with its words."""

from datetime import timedelta
from decimal import Decimal

import pytest
import segno
from django.db.models.functions import Now
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.topups.models import TopUp
from accounts.topups.sandbox.chain import FALSE_USDT, Chain
from accounts.topups.services import confirming
from tests.web.conftest import Gateways
from tests.web.till import balance, enter, facts, look, shows, start

CONFIRMED = 20  # blocks; more than is asked for


@pytest.fixture
def customer(page: Page, shop: str, bob: User, gateways: Gateways) -> User:
    enter(page.context, shop, bob)
    return bob


@pytest.fixture
def chain(gateways: Gateways) -> Chain:
    return gateways.chain


def arrive(chain: Chain, top_up: TopUp, *amounts: str) -> None:
    for amount in amounts:
        chain.send(top_up.gateway_ref, amount)
    chain.advance(CONFIRMED)


def test_the_qr_code_is_of_the_address(page: Page, customer: User) -> None:
    top_up = start(page, "USDT")
    shown = page.get_by_role("img", name="QR code of the address below")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.complete && image.naturalWidth") > 0
    own = segno.make(top_up.gateway_ref, error="m").svg_data_uri(scale=8, border=3, light="#fff")
    assert shown.get_attribute("src") == own


def test_amount_and_address_are_copied_exactly(page: Page, customer: User) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    top_up = start(page, "USDT", "12.30")
    for place, value in enumerate(["12.30", top_up.gateway_ref]):
        button = page.locator("#payment").get_by_role("button").nth(place)
        button.click()
        expect(button).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == value


def test_confirmations_are_counted_by_themselves(
    page: Page, customer: User, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirming, "STALE_AFTER", timedelta(seconds=1))
    top_up = start(page, "USDT")
    shows(page, "Waiting for your payment", "12.34 USDT", top_up.gateway_ref)
    chain.send(top_up.gateway_ref, "12.34")
    shows(page, "On its way", "Your payment is on the chain: 0 of 19 confirmations.", within=8000)
    chain.advance(7)
    expect(page.locator("#payment")).to_contain_text("7 of 19 confirmations.", timeout=8000)
    assert balance(customer) == 0
    chain.advance(12)
    shows(page, "On your balance", "$12.34 came in. Your balance is $12.34.", "12.34 USDT", within=8000)
    expect(page.locator("#announce")).to_have_text("On your balance")
    assert balance(customer) == 1234


@pytest.mark.parametrize(("amount", "cents"), [("12.00", 1200), ("0.505", 50), ("50.00", 5000)])
def test_less_or_more_than_was_asked_for(page: Page, customer: User, chain: Chain, amount: str, cents: int) -> None:
    top_up = start(page, "USDT")
    arrive(chain, top_up, amount)
    look(page, top_up)
    came = f"${cents / 100:.2f}"
    shows(page, "On your balance", f"{came} came in. Your balance is {came}.", "You wanted to pay in $12.34;")
    assert (balance(customer), facts(top_up, "captured")) == (cents, (Decimal(amount),))


def test_a_token_that_only_calls_itself_usdt(page: Page, customer: User, chain: Chain) -> None:
    """It is shown, it is worth nothing, and the true payment is credited afterwards."""
    top_up = start(page, "USDT")
    chain.send(top_up.gateway_ref, "12.34", token=FALSE_USDT)
    chain.advance(CONFIRMED)
    look(page, top_up)
    shows(page, "Waiting for your payment", "Something else came to this address", "asked 12.34 USDT, paid 12.34")
    assert balance(customer) == 0
    arrive(chain, top_up, "12.34")
    look(page, top_up)
    shows(page, "On your balance", "$12.34 came in.")
    assert balance(customer) == 1234


def test_a_second_payment(page: Page, customer: User, chain: Chain) -> None:
    top_up = start(page, "USDT")
    arrive(chain, top_up, "12.34", "5")
    look(page, top_up)
    shows(page, "On your balance", "$12.34 came in. Your balance is $17.34.")
    page.get_by_role("link", name="A further payment came for this request: $5.00 are credited too.").click()
    shows(page, "On your balance", "$5.00 came in.", "This is a further payment for the same request")
    assert balance(customer) == 1734


def test_paid_late(page: Page, customer: User, chain: Chain) -> None:
    top_up = start(page, "USDT")
    TopUp.objects.update(expires_at=Now() - timedelta(days=3650))
    look(page, top_up)
    shows(page, "Expired", "If you have paid already, it is credited as soon as it arrives.")
    arrive(chain, top_up, "12.34")
    confirming.confirm(TopUp.objects.get())
    page.reload()
    shows(page, "On your balance", "The payment came after its time had ended. It counts all the same.")
    assert balance(customer) == 1234
