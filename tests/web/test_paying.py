"""Paying by card in a browser: each state of a payment, and all that a customer may click meanwhile."""

import os
import re
import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.topups.models import TopUp
from accounts.wallet.services import open_debts
from catalog.models import Provider
from orders.models import Order
from tests.torture import figures
from tests.web.conftest import Gateways
from tests.web.till import AT_ONCE, HOSTED, PAYMENT, balance, enter, facts, look, press, shows, start

TEN = re.compile(r"^\$10\b")


@pytest.fixture
def customer(page: Page, shop: str, bob: User, gateways: Gateways) -> User:
    enter(page.context, shop, bob)
    return bob


def pay(page: Page, amount: str = "12.34") -> TopUp:
    top_up = start(page, "Sandbox", amount)
    press(page, f"Pay {amount} USD")
    shows(page, "On your balance")
    return top_up


def test_paid_it_is_on_the_balance(page: Page, customer: User) -> None:
    page.goto("/account/top-up")
    page.get_by_role("button", name=TEN).click()
    page.wait_for_url(HOSTED)
    press(page, "Pay 10.00 USD")
    shows(page, "On your balance", "$10.00 came in. Your balance is $10.00.", "10.00 USD")
    expect(page.locator("#purse")).to_have_text("$10.00")
    assert balance(customer) == 1000


@pytest.mark.parametrize("run", range(int(os.environ.get("CREDIT_RUNS", "1"))))
def test_an_open_page_follows_a_webhook(page: Page, customer: User, gateways: Gateways, run: int) -> None:
    top_up = start(page, "Sandbox")
    page.goto(f"/account/top-up/{top_up.pk}")
    shows(page, "Waiting for your payment", "You pay 12.34 USD on the payment service's own page.")
    page.wait_for_timeout(137 * run)  # at any moment between two looks of the page
    began = time.monotonic()
    gateways.cards.pay(top_up.gateway_ref)
    shows(page, "On your balance", "$12.34 came in. Your balance is $12.34.")
    expect(page.locator("#purse")).to_have_text("$12.34")
    figures.record(credits=1)
    figures.record_most(slowest_credit_ms=round(1000 * (time.monotonic() - began)))
    expect(page.locator("#announce")).to_have_text("On your balance")
    assert balance(customer) == 1234


def test_declined_then_paid(page: Page, customer: User) -> None:
    top_up = start(page, "Sandbox")
    press(page, "Decline")
    expect(page.get_by_role("status")).to_have_text("Declined. You can try again.")
    look(page, top_up)
    shows(page, "Waiting for your payment")
    press(page, "Continue to payment")
    press(page, "Pay 12.34 USD")
    shows(page, "On your balance")
    assert (balance(customer), TopUp.objects.count()) == (1234, 1)


def test_left_and_gone_on_with(page: Page, customer: User, gateways: Gateways) -> None:
    top_up = start(page, "Sandbox")
    hosted = page.url
    press(page, "Back to the shop")
    shows(page, "Waiting for your payment")
    press(page, "Continue to payment")
    page.wait_for_url(hosted)
    page.go_back()
    shows(page, "Waiting for your payment")
    page.get_by_role("button", name="Continue to payment").dblclick()
    page.wait_for_url(hosted)
    press(page, "Pay 12.34 USD")
    shows(page, "On your balance")
    assert [TopUp.objects.get().pk, balance(customer)] == [top_up.pk, 1234]


@pytest.mark.parametrize(
    ("button", "words", "cents"),
    [
        ("The money arrives", ["On your balance", "$12.34 came in."], 1234),
        ("The transfer fails", ["Failed", "Nothing was credited, and what failed is not taken."], 0),
    ],
)
def test_a_bank_takes_its_time(page: Page, customer: User, button: str, words: list[str], cents: int) -> None:
    top_up = start(page, "Sandbox")
    hosted = page.url
    press(page, "Pay by bank")
    shows(page, "On its way", "Your bank is working on it.", "You may close it")
    assert balance(customer) == 0
    page.goto(hosted)
    press(page, button)
    page.wait_for_url(PAYMENT)
    look(page, top_up)
    shows(page, *words)
    assert balance(customer) == cents


def test_expired_then_paid_all_the_same(page: Page, customer: User, gateways: Gateways) -> None:
    top_up = start(page, "Sandbox")
    hosted = page.url
    TopUp.objects.update(expires_at=Now() - timedelta(minutes=1))
    gateways.cards.expire(top_up.gateway_ref)
    look(page, top_up)
    shows(page, "Expired", "Nothing was taken.")
    expect(page.get_by_role("link", name="Top up again")).to_be_visible()
    page.goto(hosted)
    press(page, "Pay all the same")
    late = "The payment came after its time had ended. It counts all the same."
    shows(page, "On your balance", late, within=2 * AT_ONCE)
    assert balance(customer) == 1234


def test_paid_twice(page: Page, customer: User, gateways: Gateways) -> None:
    """A second payment is a top-up of its own; both are shown, and both bring their money."""
    first = start(page, "Sandbox")
    press(page, "Pay twice")
    gateways.cards.wait_until_delivered()
    look(page, first)
    shows(page, "On your balance", "$12.34 came in. Your balance is $24.68.")
    page.get_by_role("link", name="A further payment came for this request: $12.34 are credited too.").click()
    shows(page, "On your balance", "This is a further payment for the same request; it is credited too.")
    page.get_by_role("link", name="The first one").click()
    page.wait_for_url(f"**/account/top-up/{first.pk}")
    page.goto("/account/top-up")
    assert page.locator(".rows .state").all_inner_texts() == ["On your balance"] * 2
    assert balance(customer) == 2468


def test_a_dispute_that_is_won(page: Page, customer: User, gateways: Gateways) -> None:
    top_up = pay(page)
    ref = str(facts(top_up, "payment_ref")[0])
    gateways.cards.dispute(ref)
    gateways.cards.wait_until_delivered()
    look(page, top_up)
    shows(page, "Disputed", "Until that is settled the money stays on your balance.")
    gateways.cards.close_dispute(ref, won=True)
    gateways.cards.wait_until_delivered()
    look(page, top_up)
    shows(page, "On your balance")
    assert balance(customer) == 1234


def buy(page: Page) -> str:
    """The address of the new order's page."""
    page.goto("/buy/telegram")
    press(page, "Buy a number in Malaysia for $0.39")
    page.wait_for_url("**/orders/c*")
    return page.url


def test_a_dispute_that_is_lost(page: Page, customer: User, gateways: Gateways, provider: Provider) -> None:
    """What is spent is owed: no new orders until it is paid in, and all else goes on."""
    top_up = pay(page)
    _, held = buy(page), buy(page)
    ref = str(facts(top_up, "payment_ref")[0])
    gateways.cards.dispute(ref)
    gateways.cards.close_dispute(ref, won=False)
    gateways.cards.wait_until_delivered()
    look(page, top_up)
    shows(page, "Disputed", "What of it is spent already is owed to us; new orders wait until it is paid in.")
    assert (balance(customer), owed(customer)) == (0, 78)
    page.goto("/buy/telegram")
    expect(page.get_by_role("link", name="Top up: you need $1.17 more for Malaysia")).to_be_visible()
    page.goto(held)
    press(page, "Cancel and get $0.39 back")
    expect(page.locator("article .state")).to_have_text("Cancelled")
    assert (balance(customer), owed(customer), Order.objects.count()) == (0, 39, 2)
    pay(page, "5.00")
    assert (balance(customer), owed(customer)) == (500 - 39, 0)
    buy(page)
    assert balance(customer) == 500 - 2 * 39


def owed(user: User) -> int:
    return sum(debt.amount_cents - debt.repaid_cents for debt in open_debts(user.pk))
