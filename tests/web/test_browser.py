import re

import pytest
from allauth.account.models import EmailAddress
from playwright.sync_api import Page, expect

from accounts.models import ApiKey, User
from catalog.models import Provider
from catalog.upstream.sandbox import Sandbox
from orders.models import Order
from tests.conftest import PASSWORD


def sign_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard")


def buy_telegram(page: Page) -> Order:
    page.goto("/dashboard")
    page.get_by_label("Service").fill("telegram")
    page.get_by_label("Service").press("Enter")
    page.get_by_role("button", name="Buy a number in Malaysia for $0.39").click()
    page.wait_for_url("**/orders/c*")
    return Order.objects.get()


def deliver(sandbox: Sandbox, order: Order, text: str) -> None:
    sandbox.shop.deliver(int(order.activation_id or 0), text)


@pytest.fixture
def customer(page: Page, alice: User) -> User:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    sign_in(page, alice.email)
    return alice


@pytest.mark.usefixtures("customer")
def test_the_search_follows_the_typing(page: Page, provider: Provider) -> None:
    page.goto("/buy")
    page.get_by_label("Service").press_sequentially("xyz")
    expect(page.locator("#found")).to_have_text("No service on sale is called “xyz”.")
    expect(page.locator("#services")).to_contain_text("Check the spelling")
    page.get_by_label("Service").fill("telegarm")
    expect(page.locator("#found")).to_have_text("Showing Telegram for “telegarm”.")
    page.get_by_role("link", name="Telegram").click()
    page.get_by_label("Country").press_sequentially("德国")
    expect(page.locator("#found")).to_have_text("No country on sale is called “德国”.")
    page.get_by_label("Country").fill("malesia")
    expect(page.locator("#found")).to_have_text("Showing Malaysia for “malesia”.")


@pytest.mark.usefixtures("customer")
def test_cancelling_brings_the_money_back(page: Page, provider: Provider) -> None:
    buy_telegram(page)
    page.get_by_role("button", name="Cancel and get $0.39 back").click()
    expect(page.locator("article .state")).to_have_text("Cancelled")
    expect(page.locator(".purse b")).to_have_text("$25.00")


@pytest.mark.usefixtures("customer")
def test_the_end_is_counted_by_the_servers_clock(page: Page, provider: Provider) -> None:
    buy_telegram(page)
    page.clock.set_system_time(0)
    page.reload()
    expect(page.locator(".countdown")).to_have_text(re.compile("19:[45][0-9]"))


@pytest.mark.usefixtures("customer")
def test_the_live_part_asks_for_itself_no_more_when_the_order_is_over(page: Page, provider: Provider) -> None:
    order = buy_telegram(page)
    page.get_by_role("button", name=re.compile("Cancel")).click()
    expect(page.locator("article .state")).to_have_text("Cancelled")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert [url for url in asked if "/static/" not in url] == []
    assert Order.objects.get(pk=order.pk).status == "CANCELLED"


@pytest.mark.usefixtures("customer")
def test_revoking_asks_first(page: Page) -> None:
    page.goto("/account/api-keys")
    page.get_by_label("Name").fill("old")
    page.get_by_role("button", name="Make key").click()
    page.get_by_role("link", name="Revoke old").click()
    expect(page.get_by_role("heading")).to_have_text("Revoke “old”?")
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("0 of 10 used")).to_be_visible()
    assert not ApiKey.objects.active().exists()
