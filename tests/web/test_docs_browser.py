"""The docs in a real browser: tabs of samples, and calls sent from the page."""

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from catalog.models import Provider
from orders.models import Order
from tests.conftest import Api


def test_the_language_of_samples_is_chosen_once_for_all(page: Page) -> None:
    page.goto("/docs")
    page.get_by_label("Python").first.check()
    expect(page.locator("#create-order-py")).to_be_visible()
    expect(page.locator("#get-order-py")).to_be_visible()
    expect(page.locator("#get-order-sh")).to_be_hidden()
    page.goto("/docs/account")
    expect(page.locator("#account-py")).to_be_visible()


def test_samples_are_chosen_without_script(browser: Browser, shop: str) -> None:
    context = browser.new_context(base_url=shop, java_script_enabled=False)
    page = context.new_page()
    page.goto("/docs/account")
    expect(page.locator("#account-sh")).to_be_visible()
    page.get_by_label("PHP").check()
    expect(page.locator("#account-php")).to_be_visible()
    expect(page.locator("#account-sh")).to_be_hidden()
    expect(page.get_by_role("heading", name="Try it here")).to_be_hidden()
    context.close()


def send(page: Page, slug: str, token: str | None) -> None:
    """By keyboard alone."""
    page.goto(f"/docs/{slug}")
    page.get_by_label("Your API key").focus()
    page.keyboard.insert_text(token or "")
    page.keyboard.press("Enter")


def test_a_call_is_sent_from_the_page(page: Page, api: Api) -> None:
    send(page, "account", api.token)
    expect(page.get_by_role("status")).to_have_text("The reply came with status 200 OK.")
    expect(page.locator(".try-text")).to_contain_text('"balanceCents": "2500"')
    expect(page.locator(".try-headers")).to_contain_text("RateLimit-Remaining: 59")


def test_a_purchase_from_the_page_says_first_that_it_spends_money(page: Page, api: Api, provider: Provider) -> None:
    page.goto("/docs/create-order")
    expect(page.get_by_text("This call spends money")).to_be_visible()
    send(page, "create-order", api.token)
    expect(page.get_by_role("status")).to_have_text("The reply came with status 200 OK.")
    expect(page.locator(".try-text")).to_contain_text(Order.objects.get().pk)


def test_a_purchase_whose_reply_is_lost_is_sent_again_as_the_same(
    page: Page, api: Api, provider: Provider, expected: list[str]
) -> None:
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    expected.append("ERR_FAILED")
    page.route("**/api/v1/orders", lose, times=1)
    send(page, "create-order", api.token)
    expect(page.get_by_role("status")).to_have_text("No reply came. Is this computer online?")
    page.get_by_role("button", name="Send POST").click()
    expect(page.locator(".try-headers")).to_contain_text("Idempotent-Replayed: true")
    page.get_by_role("button", name="Send POST").click()
    expect(page.locator(".try-headers")).not_to_contain_text("Idempotent-Replayed")
    assert Order.objects.count() == 2


def test_a_refusal_is_shown_and_the_key_stays_nowhere(page: Page, api: Api, expected: list[str]) -> None:
    expected.append("401")
    send(page, "account", f"{api.token}x")
    expect(page.get_by_role("status")).to_have_text("The reply came with status 401 Unauthorized.")
    expect(page.locator(".try-text")).to_contain_text("AUTH_INVALID")
    assert str(api.token) not in page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    )
    page.goto("/docs")
    page.go_back()
    expect(page.get_by_label("Your API key")).to_have_value("")


@pytest.mark.parametrize("address", ["https://elsewhere.example/api/v1/account", "//elsewhere.example/api/v1/"])
def test_the_key_is_sent_to_this_shop_alone(page: Page, address: str) -> None:
    page.goto("/docs/account")
    page.get_by_label("Address").fill(address)
    page.get_by_label("Your API key").fill("jm_secret")
    page.get_by_role("button", name="Send GET").click()
    expect(page.get_by_label("Address")).to_be_focused()
    expect(page.get_by_role("status")).to_be_empty()
