import copy
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from accounts.topups.models import Method, PaymentMethod
from accounts.topups.sandbox.cards import CardSandbox
from accounts.topups.sandbox.chain import Chain
from accounts.topups.sandbox.chain.ledger import VirtualClock
from tests.topups.chain import XPUB

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def site(alice: User) -> Client:
    """The pages as Alice sees them."""
    return signed_in(alice)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    cache.set(f"session-seen:{client.session.session_key}", 1)  # noted a moment ago
    return client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for a file of tests: Playwright's event loop runs in this thread, where other tests need none."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("There is no Chromium on this CI machine.")
        pytest.skip("There is no Chromium here.")
    with pytest.MonkeyPatch.context() as patches, sync_playwright() as playwright:
        patches.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def shop(live_server: LiveServer, settings: Settings) -> str:
    """The address of a shop on plain http, as on a laptop."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "sessionid", "csrftoken"
    settings.SANDBOX_GATEWAY = True
    settings.SITE_URL = live_server.url
    return str(live_server.url)


SECRET = "whsec_browser"


@dataclass
class Gateways:
    """What the shop is paid through: a card processor and a chain, with no real money."""

    cards: CardSandbox
    chain: Chain


@pytest.fixture(scope="module")
def sandboxes(live_server: LiveServer) -> Iterator[Gateways]:
    """One of each for a file of tests."""
    webhook = f"{live_server.url}/webhooks/{Method.SANDBOX}"
    clock = VirtualClock()
    clock.advance(time.time() - clock.now())  # a payment of last year answers no wish of today
    with CardSandbox(webhook_url=webhook, secret=SECRET) as cards, Chain(clock=clock) as chain:
        yield Gateways(cards, chain)


@pytest.fixture
def gateways(sandboxes: Gateways, shop: str, settings: Settings, homes: list[str]) -> Iterator[Gateways]:
    """The shop takes cards, USDT and bank transfers; afterwards no webhook is on its way any more."""
    cards, chain = sandboxes.cards, sandboxes.chain
    settings.SANDBOX_GATEWAY_URL, settings.SANDBOX_GATEWAY_SECRET = cards.url, SECRET
    settings.TRON_XPUB, settings.TRONGRID_URL = XPUB, chain.url
    policy = copy.deepcopy(settings.CONTENT_SECURITY_POLICY)
    policy["DIRECTIVES"]["form-action"] = ["'self'", cards.url]
    settings.CONTENT_SECURITY_POLICY = policy
    homes += [cards.url, chain.url]
    PaymentMethod.objects.create(gateway=Method.SANDBOX, position=0)
    PaymentMethod.objects.create(gateway=Method.TRON, position=1, currency="USDT")
    PaymentMethod.objects.create(gateway=Method.BANK, position=2, instructions="Test Bank\nAccount 1234")
    yield sandboxes
    cards.wait_until_delivered()


@pytest.fixture
def homes(shop: str) -> list[str]:
    """Where a page may ask for things."""
    return [shop, "data:"]


@pytest.fixture
def expected() -> list[str]:
    """Parts of what the console says because a test wants it: a refused page, a line that is down."""
    return []


class Watch:
    """What went wrong in the browser: words on the console, calls to other hosts."""

    def __init__(self, page: Page, homes: list[str], expected: list[str]) -> None:
        self.complaints: list[str] = []
        self._expected = expected
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._request(request.url, homes))

    def _console(self, message: Any) -> None:
        is_wanted = any(part in message.text for part in self._expected)
        if message.type in ("error", "warning") and not is_wanted:
            self.complaints.append(message.text)

    def _request(self, url: str, homes: list[str]) -> None:
        if not url.startswith(tuple(homes)):
            self.complaints.append(f"asked {url}")


@pytest.fixture
def page(browser: Browser, shop: str, homes: list[str], expected: list[str]) -> Iterator[Page]:
    """A page of a fresh browser; afterwards nothing was complained of."""
    context = browser.new_context(base_url=shop)
    page = context.new_page()
    page.set_default_timeout(8000)
    watch = Watch(page, homes, expected)
    yield page
    context.close()
    assert watch.complaints == []
