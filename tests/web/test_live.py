"""The live order page in a real browser."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import User
from catalog.models import Provider
from catalog.upstream.sandbox import Sandbox
from orders.models import Order
from orders.services.buying import buy_number
from orders.services.cancelling import cancel_order
from tests.web.test_browser import deliver, sign_in


@pytest.fixture
def customer(page: Page, alice: User, provider: Provider) -> User:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    sign_in(page, alice.email)
    return alice


@pytest.fixture
def order(page: Page, customer: User) -> Order:
    """Alice looks at it."""
    bought = Order.objects.get(pk=buy_number(customer.pk, "tg", "7"))
    page.goto(f"/orders/{bought.pk}")
    return bought


def code(page: Page) -> Locator:
    return page.locator("#code")


def test_the_code_is_in_the_title_and_said_once(page: Page, order: Order, sandbox: Sandbox) -> None:
    """On a device whose clock is an hour off, too."""
    page.clock.set_system_time("2001-01-01T00:00:00Z")
    page.evaluate("""() => { window.said = [];
        new MutationObserver(() => window.said.push(document.getElementById('news').textContent))
            .observe(document.getElementById('news'), {childList: true}); }""")
    deliver(sandbox, order, "Your code is 417902.")
    expect(page).to_have_title("417902 · Telegram · jiema")
    expect(code(page)).to_have_text("417902")
    other = buy_number(order.user_id, "tg", "7")  # the live part comes once more, with the same code
    expect(page.locator(f'.cards a[href="/orders/{other}"]')).to_be_visible()
    assert page.evaluate("window.said") == ["Code arrived: 417902"]


def test_two_orders_on_one_page(page: Page, order: Order, sandbox: Sandbox) -> None:
    second = Order.objects.get(pk=buy_number(order.user_id, "tg", "7"))
    expect(page.locator(".cards .card")).to_have_count(1)
    deliver(sandbox, second, "Code 555111")
    expect(page.locator(".card-code")).to_have_text("555111")
    expect(page.locator("#news")).to_have_text("Telegram, Malaysia: the code 555111 arrived.")
    expect(page).to_have_title("555111 · Telegram · jiema")
    deliver(sandbox, order, "Code 222333")
    expect(code(page)).to_have_text("222333")


def test_an_order_that_is_over_stays_on_the_page_until_it_is_left(page: Page, order: Order) -> None:
    second = buy_number(order.user_id, "tg", "7")
    expect(page.locator(".card.waiting")).to_have_count(1)
    cancel_order(order.user_id, second)
    expect(page.locator(".card.cancelled")).to_contain_text("$0.39 is back on your balance.")
    page.reload()
    expect(page.locator(".card")).to_have_count(0)


def test_on_another_device(page: Page, browser: Browser, shop: str, order: Order, sandbox: Sandbox) -> None:
    deliver(sandbox, order, "Your code is 417902.")
    expect(code(page)).to_have_text("417902")
    phone = browser.new_context(base_url=shop, viewport={"width": 390, "height": 800}).new_page()
    sign_in(phone, "alice@example.com")
    expect(phone.locator(".card-code")).to_have_text("417902")
    phone.get_by_role("link", name="Telegram Malaysia").first.click()
    expect(code(phone)).to_have_text("417902")
    assert phone.locator("#news").text_content() == ""  # what was there already is no news
    phone.context.close()


def test_offline_and_back(page: Page, order: Order, sandbox: Sandbox, expected: list[str]) -> None:
    expected.append("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    expect(page.locator("#line")).to_have_text("Connection lost, trying again.", timeout=15_000)
    deliver(sandbox, order, "Your code is 417902.")
    page.context.set_offline(False)
    expect(code(page)).to_have_text("417902", timeout=15_000)
    expect(page.locator("#line")).to_have_text("")


def test_a_hidden_tab_has_the_code_in_its_title(page: Page, order: Order, sandbox: Sandbox) -> None:
    page.evaluate("""() => { Object.defineProperty(document, 'hidden', {get: () => true});
        document.dispatchEvent(new Event('visibilitychange')); }""")
    deliver(sandbox, order, "Your code is 417902.")
    expect(page).to_have_title("417902 · Telegram · jiema", timeout=20_000)


def test_signed_out_meanwhile_the_page_shows_no_code(page: Page, order: Order, sandbox: Sandbox) -> None:
    Session.objects.all().delete()
    page.context.clear_cookies()
    deliver(sandbox, order, "Your code is 417902.")
    page.wait_for_url("**/accounts/login/**")
    assert "417902" not in page.content()


def test_out_of_the_browsers_memory_after_signing_out(page: Page, order: Order, sandbox: Sandbox) -> None:
    deliver(sandbox, order, "Your code is 417902.")
    expect(code(page)).to_have_text("417902")
    page.context.clear_cookies()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    page.wait_for_url("**/accounts/login/**")


def test_where_no_clipboard_is_the_text_is_marked(page: Page, order: Order) -> None:
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.get_by_role("button", name="Copy number").click()
    assert page.evaluate("getSelection().toString()") == page.locator("#phone").inner_text()


def test_number_and_code_are_copied(page: Page, order: Order, sandbox: Sandbox) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    clipboard = "navigator.clipboard.readText()"
    page.get_by_role("button", name="Copy number").click()
    expect(page.locator("#copy-phone")).to_have_text("Copied")
    assert page.evaluate(clipboard) == order.phone
    page.get_by_role("button", name="Copy without +60").click()
    expect(page.locator("#copy-home")).to_have_text("Copied")
    assert f"+60{page.evaluate(clipboard)}" == order.phone
    deliver(sandbox, order, "Your code is 417 902.")
    page.get_by_role("button", name="Copy code").click()
    expect(page.locator("#copy-code")).to_have_text("Copied")
    assert page.evaluate(clipboard) == "417902"


def test_sound_is_off_until_it_is_wanted_and_stays_so(page: Page, order: Order, sandbox: Sandbox) -> None:
    sound = page.get_by_role("button", name="Sound and vibration")
    expect(sound).to_have_attribute("aria-pressed", "false")
    sound.click()
    page.reload()
    expect(sound).to_have_attribute("aria-pressed", "true")
    deliver(sandbox, order, "Your code is 417902.")
    expect(code(page)).to_have_text("417902")
    expect(sound).to_have_attribute("data-rung", "1")


def test_a_code_that_comes_while_the_cancel_is_clicked_is_shown(page: Page, order: Order, sandbox: Sandbox) -> None:
    page.route("**/api/pulse", lambda route: route.fulfill(status=204))  # the page has not heard of it
    deliver(sandbox, order, "Your code is 417902.")
    page.get_by_role("button", name="Cancel and get $0.39 back").click()
    expect(page.locator(".messages")).to_contain_text("The SMS was faster than your cancel")
    expect(code(page)).to_have_text("417902")


def test_once_more_by_one_click_however_often_it_is_hit(page: Page, order: Order) -> None:
    page.get_by_role("button", name="Order again for $0.39").dblclick()
    page.wait_for_url(lambda url: order.pk not in url)
    assert Order.objects.count() == 2
    assert page.url.endswith(Order.objects.exclude(pk=order.pk).get().pk)


@pytest.mark.usefixtures("customer")
def test_the_dashboard_follows_what_is_open(page: Page, customer: User, sandbox: Sandbox) -> None:
    bought = Order.objects.get(pk=buy_number(customer.pk, "tg", "7"))
    page.goto("/dashboard")
    deliver(sandbox, bought, "Code 555111")
    expect(page.locator(".card-code")).to_have_text("555111")
    expect(page).to_have_title("555111 · Telegram · jiema")
