"""Whatever is clicked, one wish is one payment: double clicks, back, refresh, closed and further tabs, a lost line."""

import re
from collections.abc import Iterator

import pytest
from allauth.account.models import EmailAddress
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from accounts.topups.models import TopUp
from accounts.topups.services.bank import approve
from tests.conftest import PASSWORD
from tests.web.conftest import Gateways
from tests.web.till import HOSTED, PAYMENT, balance, enter, look, press, shows, sign_out, start

TEN = re.compile(r"^\$10\b")
POLL = re.compile(r"/account/top-up/\w+(\?|$)")
SIGN_IN = re.compile(r"/accounts/login/\?next=/account/top-up/")


@pytest.fixture
def customer(page: Page, shop: str, bob: User, gateways: Gateways) -> User:
    enter(page.context, shop, bob)
    return bob


def sessions(gateways: Gateways, customer: User) -> int:
    """How many the card processor was asked to open for this customer."""
    theirs = set(TopUp.objects.filter(user=customer).values_list("pk", flat=True))
    return sum(one["client_reference_id"] in theirs for one in gateways.cards.till.all("checkout.session"))


def test_a_double_click_on_a_preset(page: Page, customer: User, gateways: Gateways) -> None:
    page.goto("/account/top-up")
    page.get_by_role("button", name=TEN).dblclick()
    page.wait_for_url(HOSTED)
    assert (TopUp.objects.count(), sessions(gateways, customer)) == (1, 1)


def test_a_double_click_on_continue(page: Page, customer: User, gateways: Gateways) -> None:
    page.goto("/account/top-up")
    page.get_by_label("Or another amount in US dollars").fill("12.34")
    page.get_by_role("button", name="Continue to payment").dblclick()
    page.wait_for_url(HOSTED)
    assert (TopUp.objects.count(), sessions(gateways, customer)) == (1, 1)


def test_enter_pays_the_amount_that_was_typed(page: Page, customer: User) -> None:
    page.goto("/account/top-up")
    page.get_by_label("Or another amount in US dollars").fill("33")
    page.get_by_label("Or another amount in US dollars").press("Enter")
    page.wait_for_url(HOSTED)
    assert TopUp.objects.get().amount_cents == 3300


def test_back_and_the_same_again(page: Page, customer: User, gateways: Gateways) -> None:
    first = start(page, "Sandbox")
    page.go_back()
    page.get_by_label("Or another amount in US dollars").fill("12.34")
    press(page, "Continue to payment")
    page.wait_for_url(HOSTED)
    assert (TopUp.objects.get().pk, sessions(gateways, customer)) == (first.pk, 1)


def test_back_and_another_amount(page: Page, customer: User, gateways: Gateways) -> None:
    start(page, "Sandbox")
    page.go_back()
    page.get_by_label("Or another amount in US dollars").fill("20")
    press(page, "Continue to payment")
    page.wait_for_url(HOSTED)
    assert (TopUp.objects.count(), sessions(gateways, customer)) == (2, 2)
    press(page, "Pay 20.00 USD")
    shows(page, "On your balance")
    assert balance(customer) == 2000


def test_back_from_a_credited_payment(page: Page, customer: User) -> None:
    """The hosted page of what is paid already offers no second payment."""
    start(page, "Sandbox")
    press(page, "Pay 12.34 USD")
    shows(page, "On your balance")
    page.go_back()
    expect(page.get_by_role("status")).to_have_text("Paid")
    expect(page.get_by_role("button", name="Pay 12.34 USD")).to_have_count(0)
    press(page, "Back to the shop")
    shows(page, "On your balance", "Your balance is $12.34.")
    assert (balance(customer), TopUp.objects.count()) == (1234, 1)


def test_refreshed_at_each_step(page: Page, customer: User, gateways: Gateways) -> None:
    page.goto("/account/top-up")
    page.reload()
    top_up = start(page, "Sandbox")
    page.reload()
    expect(page.get_by_role("button", name="Pay 12.34 USD")).to_be_visible()
    look(page, top_up)
    for _ in range(3):
        page.reload()
        shows(page, "Waiting for your payment")
    press(page, "Continue to payment")
    press(page, "Pay 12.34 USD")
    for _ in range(3):
        shows(page, "On your balance")
        page.reload()
    assert (balance(customer), TopUp.objects.count(), sessions(gateways, customer)) == (1234, 1, 1)


def test_a_closed_tab_loses_nothing(
    page: Page, browser: Browser, shop: str, customer: User, gateways: Gateways
) -> None:
    """Paid while nobody looks: another browser, later, shows it."""
    top_up = start(page, "Sandbox")
    page.close()
    gateways.cards.pay(top_up.gateway_ref)
    gateways.cards.wait_until_delivered()
    assert balance(customer) == 1234
    with browser.new_context(base_url=shop) as elsewhere:
        enter(elsewhere, shop, customer)
        other = elsewhere.new_page()
        other.goto("/account/top-up")
        expect(other.locator(".rows .state")).to_have_text("On your balance")
        other.locator(".rows a").click()
        shows(other, "On your balance", "$12.34 came in.")


def test_two_tabs_of_one_payment(page: Page, customer: User, gateways: Gateways) -> None:
    top_up = start(page, "Sandbox")
    other = page.context.new_page()
    other.goto(f"/account/top-up/{top_up.pk}")
    press(other, "Continue to payment")
    other.wait_for_url(page.url)
    look(other, top_up)
    press(page, "Pay 12.34 USD")
    for tab in (page, other):
        shows(tab, "On your balance", "Your balance is $12.34.")
    assert (balance(customer), TopUp.objects.count(), sessions(gateways, customer)) == (1234, 1, 1)


def test_signed_out_in_the_middle(page: Page, customer: User, gateways: Gateways) -> None:
    EmailAddress.objects.create(user=customer, email=customer.email, verified=True, primary=True)
    top_up = start(page, "Sandbox")
    other = page.context.new_page()
    other.goto("/account/top-up")
    sign_out(other)
    other.wait_for_url("**/")
    press(page, "Pay 12.34 USD")
    page.get_by_label("Email").fill(customer.email)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    page.wait_for_url(f"**/account/top-up/{top_up.pk}")
    shows(page, "On your balance", "Your balance is $12.34.")
    assert balance(customer) == 1234


def test_an_open_page_asks_to_sign_in_after_signing_out(page: Page, customer: User) -> None:
    look(page, start(page, "Sandbox"))
    with page.context.new_page() as other:
        other.goto("/buy")
        sign_out(other)
        other.wait_for_url("**/")
    page.wait_for_url(SIGN_IN, timeout=4000)


def test_back_after_signing_out_shows_nothing(page: Page, customer: User) -> None:
    look(page, start(page, "Sandbox"))
    sign_out(page)
    page.wait_for_url("**/")
    page.go_back()
    page.wait_for_url(SIGN_IN)
    assert page.locator("#payment").count() == 0


def test_by_keyboard_alone(page: Page, customer: User) -> None:
    """Also while the page follows: what is in focus stays in focus."""
    page.goto("/account/top-up")
    page.get_by_role("radio", name="Sandbox").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(PAYMENT)
    page.locator("#copy-amount").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#copy-address")).to_be_focused()
    with page.expect_response(POLL):
        pass
    page.wait_for_timeout(200)
    expect(page.locator("#copy-address")).to_be_focused()
    assert TopUp.objects.values_list("gateway", "amount_cents").get() == ("tron", 1000)


def test_a_line_that_is_down_for_a_moment(page: Page, customer: User, gateways: Gateways, expected: list[str]) -> None:
    expected += ["ERR_INTERNET_DISCONNECTED", "htmx:"]
    top_up = start(page, "Sandbox")
    look(page, top_up)
    page.context.set_offline(True)
    with page.expect_event("requestfailed"):
        pass
    gateways.cards.pay(top_up.gateway_ref)
    shows(page, "Waiting for your payment")
    page.context.set_offline(False)
    shows(page, "On your balance", "$12.34 came in.")
    assert balance(customer) == 1234


@pytest.fixture
def plain(browser: Browser, shop: str, bob: User, gateways: Gateways) -> Iterator[Page]:
    """Of a browser that runs no script."""
    with browser.new_context(base_url=shop, java_script_enabled=False) as context:
        enter(context, shop, bob)
        plain = context.new_page()
        plain.set_default_timeout(8000)
        yield plain


def test_a_card_without_script(plain: Page, bob: User) -> None:
    top_up = start(plain, "Sandbox")
    press(plain, "Back to the shop")
    shows(plain, "Waiting for your payment")
    press(plain, "Continue to payment")
    press(plain, "Pay 12.34 USD")
    look(plain, top_up)
    shows(plain, "On your balance", "$12.34 came in. Your balance is $12.34.")
    assert balance(bob) == 1234


def test_usdt_without_script(plain: Page, bob: User, gateways: Gateways) -> None:
    top_up = start(plain, "USDT")
    expect(plain.locator("#payment")).to_contain_text(top_up.gateway_ref)
    expect(plain.get_by_role("button", name=re.compile("Copy"))).to_have_count(0)
    for blocks, words in ((5, "5 of 19 confirmations"), (20, "$12.34 came in.")):
        if blocks == 5:
            gateways.chain.send(top_up.gateway_ref, "12.34")
        gateways.chain.advance(blocks)
        look(plain, top_up)
        expect(plain.locator("#payment")).to_contain_text(words)
    assert balance(bob) == 1234


def test_a_transfer_without_script(plain: Page, bob: User) -> None:
    top_up = start(plain, "Bank transfer")
    press(plain, "I have sent it")
    shows(plain, "On its way", top_up.gateway_ref)
    approve(top_up.pk, top_up.asked, "ops@example.com")
    plain.reload()
    shows(plain, "On your balance", "$12.34 came in.")
    assert balance(bob) == 1234
