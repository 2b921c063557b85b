"""Paying in a browser: the steps that the tests of it share."""

import re
from typing import Any

from django.test import Client
from playwright.sync_api import BrowserContext, Locator, Page, expect

from accounts.models import User
from accounts.topups.models import TopUp
from accounts.wallet.models import Wallet
from tests.web.conftest import signed_in

HOSTED = re.compile(r"/pay/cs_")
PAYMENT = re.compile(r"/account/top-up/\w+$")
AT_ONCE = 5000  # milliseconds from a payment to the balance on the screen


def enter(context: BrowserContext, shop: str, user: User) -> None:
    """Signed in, without the form."""
    bring(context, shop, signed_in(user))


def bring(context: BrowserContext, shop: str, client: Client) -> None:
    """The browser goes on as who this client is."""
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": shop}])


def start(page: Page, way: str, amount: str = "12.34") -> TopUp:
    """From the page "Top up" to where it is paid."""
    page.goto("/account/top-up")
    page.get_by_role("radio", name=way).check()
    page.get_by_label("Or another amount in US dollars").fill(amount)
    page.get_by_role("button", name="Continue to payment").click()
    page.wait_for_url(HOSTED if way == "Sandbox" else PAYMENT)
    return TopUp.objects.latest("pk")


def look(page: Page, top_up: TopUp) -> None:
    """The page of the payment, with the gateway asked first."""
    TopUp.objects.filter(pk=top_up.pk).update(read_at=None)
    page.goto(f"/account/top-up/{top_up.pk}")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def sign_out(page: Page) -> None:
    """By the menu, as everybody."""
    page.locator("details.more > summary").click()
    press(page, "Sign out")


def state(page: Page) -> Locator:
    return page.locator("#payment .state")


def shows(page: Page, state_words: str, *words: str, within: float = AT_ONCE) -> None:
    expect(state(page)).to_have_text(state_words, timeout=within)
    for each in words:
        expect(page.locator("#payment")).to_contain_text(each)


def balance(user: User) -> int:
    return Wallet.objects.get(pk=user.pk).balance_cents


def facts(top_up: TopUp, *names: str) -> tuple[Any, ...]:
    top_up.refresh_from_db()
    return tuple(getattr(top_up, name) for name in names)
