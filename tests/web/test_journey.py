"""The whole of it as a stranger lives it: from the front page to two codes, a cancelled order, sums that add up, a key.

Each time in another language and by other means; the words on the pages come from the translations.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Browser, Locator, Page, expect

from catalog.models import Provider
from catalog.upstream.sandbox import Sandbox
from orders.models import Order
from tests.conftest import PASSWORD
from tests.web.conftest import Gateways, Watch
from tests.web.till import HOSTED, PAYMENT
from tests.web.traveller import Keyboarder, Toucher, Traveller

LINK = re.compile(r"http://\S+")
ORDER = re.compile(r"/orders/c\w+$")
SLOW = 15_000  # milliseconds: without script a page comes anew every four seconds
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    for patience in ("syncing.POLL_SECONDS", "cancelling.CANCEL_SECONDS"):
        monkeypatch.setattr(f"orders.services.{patience}", 8.0)  # on a busy machine too the sandbox answers


@pytest.fixture
def visit(browser: Browser, shop: str, homes: list[str], gateways: Gateways, provider: Provider) -> Iterator[Any]:
    """Opens a browser of a country for this test; afterwards nothing was complained of."""
    watched = []

    def open_page(locale: str, **options: Any) -> Page:
        page = browser.new_context(base_url=shop, locale=locale, **options).new_page()
        page.set_default_timeout(SLOW)
        watched.append((page, Watch(page, homes, [])))
        return page

    expect.set_options(timeout=SLOW)
    yield open_page
    expect.set_options(timeout=5000)
    for page, watch in watched:
        page.context.close()
        assert watch.complaints == []


def cents(text: str) -> int:
    """An amount as any page writes it."""
    return int(re.sub(r"\D", "", text)) * (-1 if re.search("[-\u2212]", text) else 1)


def column(cells: Locator) -> list[int]:
    return [cents(each) for each in cells.all_inner_texts()]


def find(guest: Traveller, service: str, country: str) -> None:
    guest.page.goto("/")
    guest.fill("Which service is the code for?", service)
    guest.send()
    guest.page.wait_for_url("**/buy?q=*")
    guest.activate(guest.page.locator("#services").get_by_role("link", name="Telegram"))
    guest.page.wait_for_url("**/buy/telegram")
    guest.fill("Country", country)
    guest.send()
    guest.page.wait_for_url("**/buy/telegram?*")


def sign_up(guest: Traveller, country: str) -> None:
    """The link of the mail leads back to the offer."""
    price = guest.dollars(39)
    guest.follow("Sign up to buy a number in %(country)s for %(price)s", country=country, price=price)
    guest.fill("Email", "erin@example.com")
    guest.fill("Password", PASSWORD)
    guest.check("I accept the terms")
    guest.press("Sign up")
    expect(guest.page.get_by_role("heading", level=1)).to_have_text(guest.words("Check your mail"))
    link = LINK.search(str(mail.outbox[0].body))
    assert link
    guest.page.goto(link.group())
    guest.press("Yes, confirm")
    guest.page.wait_for_url("**/buy/telegram")


def pay_in(guest: Traveller, country: str) -> None:
    missing = guest.dollars(39)
    guest.follow("Top up: you need %(missing)s more for %(country)s", missing=missing, country=country)
    guest.page.wait_for_url("**/account/top-up?**")
    guest.fill("Or another amount in US dollars", "5")
    guest.press("Continue to payment")
    guest.page.wait_for_url(HOSTED)
    guest.press("Pay 5.00 USD")  # the sandbox speaks English
    guest.page.wait_for_url(PAYMENT)
    expect(guest.page.locator("#payment .state")).to_have_text(guest.words("On your balance"))
    guest.follow("Go on where you were")
    guest.page.wait_for_url("**/buy/telegram")
    expect(guest.page.locator("#purse")).to_have_text(guest.dollars(500))


def buy(guest: Traveller, country: str) -> None:
    guest.press("Buy a number in %(country)s for %(price)s", country=country, price=guest.dollars(39))
    guest.page.wait_for_url(ORDER)


def read(guest: Traveller, sandbox: Sandbox, code: str) -> None:
    """It comes by itself; who stands on a button goes on standing there."""
    order = Order.objects.latest("created_at")
    number = guest.page.get_by_role("button", name=guest.words("Copy number"))
    if isinstance(guest, Keyboarder):
        guest.reach(number)
    sandbox.shop.deliver(int(order.activation_id or 0), f"Your code is {code}.")
    expect(guest.page.locator("#code")).to_have_text(code)
    expect(guest.page).to_have_title(f"{code} · Telegram · jiema")
    if isinstance(guest, Keyboarder):
        expect(number).to_be_focused()


def cancel_another(guest: Traveller) -> None:
    first = guest.page.url
    guest.press("Order again for %(price)s", price=guest.dollars(39))
    guest.page.wait_for_url(lambda url: url != first and bool(ORDER.search(url)))
    expect(guest.page.locator("#purse")).to_have_text(guest.dollars(422))
    guest.press("Cancel and get %(price)s back", price=guest.dollars(39))
    expect(guest.page.locator("#live .state")).to_have_text(guest.words("Cancelled"))
    assert column(guest.page.locator(".trail > li > b")) == [-39, 39]


def open_from_menu(guest: Traveller, name: str) -> None:
    guest.activate(guest.page.locator("details.more summary"))
    guest.activate(guest.page.locator(".more-panel").get_by_role("link", name=guest.words(name), exact=True))


def add_up(guest: Traveller) -> None:
    """The page's own numbers."""
    open_from_menu(guest, "Statement")
    guest.page.wait_for_url("**/account/statement")
    opening, came, went, closing = column(guest.page.locator(".sums dd"))
    amounts = column(guest.page.locator(".ledger td:nth-child(3)"))
    assert sorted(amounts) == [-39, -39, 39, 500]
    assert (came, went) == (sum(each for each in amounts if each > 0), sum(each for each in amounts if each < 0))
    assert opening + came + went == closing == cents(guest.page.locator("#purse").inner_text())
    balances = column(guest.page.locator(".ledger td:nth-child(4)"))
    assert balances == [opening + sum(amounts[row:]) for row in range(len(amounts))]


def make_key(guest: Traveller) -> str:
    open_from_menu(guest, "API keys")
    guest.page.wait_for_url("**/account/api-keys")
    guest.fill("Name", "script")
    guest.press("Make key")
    return guest.page.locator("#token").inner_text()


def curl(address: str, token: str) -> Any:
    command = ["curl", "--silent", "--fail", "--header", f"Authorization: Bearer {token}", address]
    return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)["data"]


def travel(guest: Traveller, sandbox: Sandbox, shop: str, words: tuple[str, str, str]) -> None:
    """words: the service and the country as they are mistyped, and the country's name."""
    find(guest, *words[:2])
    sign_up(guest, words[2])
    pay_in(guest, words[2])
    buy(guest, words[2])
    read(guest, sandbox, "417902")
    guest.press("Wait for another SMS")
    expect(guest.page.locator("#code")).to_have_count(0)
    read(guest, sandbox, "555123")
    cancel_another(guest)
    add_up(guest)
    token = make_key(guest)
    listed = curl(f"{shop}/api/v1/orders", token)
    assert [each["status"] for each in listed["items"]] == ["CANCELLED", "RECEIVED"]
    assert curl(f"{shop}/api/v1/account", token)["balanceCents"] == "461"


def test_with_a_mouse(visit: Any, sandbox: Sandbox, shop: str) -> None:
    travel(Traveller(visit("en-US"), "en"), sandbox, shop, ("telegarm", "malasia", "Malaysia"))


def test_with_the_keyboard_alone(visit: Any, sandbox: Sandbox, shop: str) -> None:
    travel(Keyboarder(visit("ms-MY"), "ms"), sandbox, shop, ("telegrem", "malaisia", "Malaysia"))


def test_without_script(visit: Any, sandbox: Sandbox, shop: str) -> None:
    guest = Traveller(visit("zh-CN", java_script_enabled=False), "zh-hans")
    travel(guest, sandbox, shop, ("telegran", "马来西", "马来西亚"))


def test_on_a_phone(visit: Any, sandbox: Sandbox, shop: str) -> None:
    travel(Toucher(visit("id-ID", **PHONE), "id"), sandbox, shop, ("telegrem", "malesia", "Malaysia"))
