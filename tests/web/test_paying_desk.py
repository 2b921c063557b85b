"""What people do about payments: bank transfers in a browser on both sides of the counter, and money paid back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts import services as accounts
from accounts.models import User
from accounts.topups.models import Payout, Slip, TopUp
from tests.conftest import PASSWORD
from tests.web.conftest import Gateways, Watch
from tests.web.till import balance, enter, facts, look, press, shows, start

SLIP = b"%PDF-1.7 a slip"


@pytest.fixture
def customer(page: Page, shop: str, bob: User, gateways: Gateways) -> User:
    enter(page.context, shop, bob)
    return bob


@pytest.fixture
def desk(browser: Browser, shop: str, homes: list[str], gateways: Gateways) -> Iterator[Page]:
    """The list of payments as ops see it."""
    with browser.new_context(base_url=shop) as context:
        desk = context.new_page()
        desk.set_default_timeout(8000)
        watch = Watch(desk, homes, [])
        sit_down(desk, shop, "ops")
        yield desk
    assert watch.complaints == []


def sit_down(desk: Page, shop: str, name: str) -> None:
    """Another member of staff at the same desk."""
    enter(desk.context, shop, accounts.create_user(f"{name}@example.com", PASSWORD, is_staff=True))


def act(desk: Page, action: str, note: str = "") -> None:
    desk.goto("/admin/topups/topup/")
    desk.locator(".action-select").check()
    desk.locator("select[name=action]").select_option(action)
    desk.get_by_role("textbox", name="Note").fill(note)
    desk.locator("button[name=index]").click()


def approve(desk: Page, amount: str) -> None:
    act(desk, "approve")
    desk.get_by_label("Amount that arrived").fill(amount)
    press(desk, "Approve a bank transfer")


def pay_back(desk: Page, amount: str) -> None:
    act(desk, "pay_back")
    desk.get_by_label("Amount in US dollars").fill(amount)
    desk.get_by_label("Reason").fill("asked for it")
    press(desk, "Pay a top-up back")


def test_a_transfer_from_the_reference_to_the_balance(page: Page, desk: Page, customer: User, tmp_path: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    top_up = start(page, "Bank transfer", "20.00")
    shows(page, "Waiting for your payment", "20.00 USD", "Account 1234", top_up.gateway_ref)
    for name, value in (("Copy amount", "20.00"), ("Copy reference", top_up.gateway_ref)):
        press(page, name)
        expect(page.get_by_role("button", name="Copied").first).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == value
    (tmp_path / "slip.pdf").write_bytes(SLIP)
    page.get_by_label("Transfer slip (optional)").set_input_files(tmp_path / "slip.pdf")
    press(page, "I have sent it")
    shows(page, "On its way", "We look for your transfer on our account", top_up.gateway_ref)
    assert bytes(Slip.objects.get().body) == SLIP
    approve(desk, "20")
    expect(desk.locator(".messagelist")).to_contain_text("is credited.")
    look(page, top_up)
    shows(page, "On your balance", "$20.00 came in. Your balance is $20.00.")
    assert balance(customer) == 2000


def test_a_large_transfer_needs_two_people(page: Page, desk: Page, shop: str, customer: User) -> None:
    top_up = start(page, "Bank transfer", "600")
    press(page, "I have sent it")
    approve(desk, "600")
    expect(desk.locator(".messagelist")).to_contain_text("waits for a second person to approve the same amount.")
    approve(desk, "600")
    look(page, top_up)
    shows(page, "Paid, being looked at", "Nothing is lost; you need not do anything.")
    assert balance(customer) == 0
    sit_down(desk, shop, "boss")
    approve(desk, "600")
    look(page, top_up)
    shows(page, "On your balance", "$600.00 came in.")
    assert balance(customer) == 60_000


def test_a_refused_transfer_shows_why(page: Page, desk: Page, customer: User) -> None:
    top_up = start(page, "Bank transfer")
    press(page, "I have sent it")
    act(desk, "refuse")
    expect(desk.locator(".messagelist")).to_contain_text("Say what was done or found in the note")
    act(desk, "refuse", "No such <b>transfer</b> came in.")
    look(page, top_up)
    shows(page, "Failed", "Nothing was credited", "No such <b>transfer</b> came in.")
    assert balance(customer) == 0


def test_paid_back_in_part_then_the_rest(page: Page, desk: Page, customer: User, gateways: Gateways) -> None:
    top_up = start(page, "Sandbox", "10.00")
    press(page, "Pay 10.00 USD")
    shows(page, "On your balance")
    pay_back(desk, "4.00")
    expect(desk.locator(".messagelist")).to_have_text("$4.00: Done.")
    look(page, top_up)
    shows(page, "On your balance", "$4.00 of it went back to where it came from.", "Your balance is $6.00.")
    pay_back(desk, "6.01")
    expect(desk.locator(".messagelist")).to_contain_text("$6.00 of this top-up are unspent")
    pay_back(desk, "6.00")
    gateways.cards.wait_until_delivered()
    look(page, top_up)
    shows(page, "Paid back", "$10.00 went back to where the payment came from.")
    charge = next(one for one in gateways.cards.till.all("charge"))
    assert (charge["amount_refunded"], Payout.objects.count(), balance(customer)) == (1000, 2, 0)
    assert facts(top_up, "refunded_cents") == (1000,)


def test_the_same_form_twice_pays_back_once(page: Page, desk: Page, customer: User, gateways: Gateways) -> None:
    start(page, "Sandbox", "10.00")
    press(page, "Pay 10.00 USD")
    shows(page, "On your balance")
    act(desk, "pay_back")
    desk.get_by_label("Amount in US dollars").fill("4.00")
    desk.get_by_label("Reason").fill("asked for it")
    desk.get_by_role("button", name="Pay a top-up back").dblclick()
    expect(desk.locator(".messagelist")).to_have_text("$4.00: Done.")
    assert (Payout.objects.count(), balance(customer), TopUp.objects.get().refunded_cents) == (1, 600, 400)
