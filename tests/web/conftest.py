import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User

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


class Watch:
    """What went wrong in the browser: words on the console, calls to other hosts."""

    def __init__(self, page: Page, shop: str) -> None:
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._request(request.url, shop))

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _request(self, url: str, shop: str) -> None:
        if not url.startswith((shop, "data:")):
            self.complaints.append(f"asked {url}")


@pytest.fixture
def page(browser: Browser, shop: str) -> Iterator[Page]:
    """A page of a fresh browser; afterwards nothing was complained of."""
    context = browser.new_context(base_url=shop)
    page = context.new_page()
    page.set_default_timeout(8000)
    watch = Watch(page, shop)
    yield page
    context.close()
    assert watch.complaints == []
