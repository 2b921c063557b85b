"""Every sample of the docs, copied from its page as a reader would, does what the page says."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from catalog.upstream.sandbox import SmsPlan
from jiema.docs import pages
from jiema.docs.endpoints import ENDPOINTS
from jiema.docs.samples import LANGUAGES
from orders.models import Order, Outcome, UpstreamAttempt
from tests.conftest import Shopper, stale
from tests.orders.test_buying import reconcile

CODE = re.compile(r'<code id="([a-z-]+)-(sh|py|mjs|php)" translate="no">(.*?)</code>', re.DOTALL)
COMMANDS = {"sh": ["sh"], "py": [sys.executable], "mjs": ["node"], "php": ["php"]}
PRESENT = {
    "sh": ["curl", "--version"],
    "py": [sys.executable, "--version"],
    "mjs": ["node", "--version"],
    "php": ["php", "-r", 'exit(extension_loaded("curl") ? 0 : 1);'],
}
languages = pytest.mark.parametrize("language", list(LANGUAGES))


def samples() -> dict[tuple[str, str], str]:
    """What all pages show, by name and language."""
    client = Client()
    found = {}
    for page in pages.pages():
        for name, language, text in CODE.findall(client.get(page.url).content.decode()):
            found[name, language] = unescape(text)
    return found


def is_here(language: str) -> bool:
    probe = PRESENT[language]
    return bool(shutil.which(probe[0])) and subprocess.run(probe, capture_output=True).returncode == 0


def require(language: str) -> None:
    """On CI no language may be missing; elsewhere its samples are not run, and that is said."""
    if is_here(language):
        return
    missing = f"The samples in {LANGUAGES[language]} do not run: it is not installed here."
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def present() -> list[str]:
    """The languages whose programs run side by side here: all of them on CI."""
    return [language for language in LANGUAGES if os.environ.get("CI") or is_here(language)]


@dataclass
class Reader:
    """Alice, who copies samples into files, puts her key in, and runs them."""

    shopper: Shopper
    folder: Path
    samples: dict[tuple[str, str], str]
    started: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def start(self, name: str, language: str, order_id: str = "", patience: int = 120) -> "subprocess.Popen[str]":
        require(language)
        text = self.samples[name, language].replace("jm_…", self.shopper.api.token or "").replace("c…", order_id)
        file = self.folder / f"{name}.{language}"
        file.write_text(re.sub("(PATIENCE ?= ?)120", rf"\g<1>{patience}", text))
        command = [*COMMANDS[language], str(file)]
        self.started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return self.started[-1]

    def run(self, name: str, language: str, order_id: str = "") -> str:
        return printed_by(self.start(name, language, order_id))


def printed_by(process: "subprocess.Popen[str]") -> str:
    printed, complaints = process.communicate(timeout=90)
    assert process.returncode == 0, complaints
    return printed.strip()


@pytest.fixture
def reader(live_server: LiveServer, shopper: Shopper, settings: Settings, tmp_path: Path) -> Iterator[Reader]:
    settings.SITE_URL = live_server.url
    reader = Reader(shopper, tmp_path, samples())
    yield reader
    for process in reader.started:
        process.kill()
        process.communicate()


def said(language: str, printed: str, *in_words: str) -> None:
    """curl prints the reply itself; the other samples print these words of it."""
    if language == "sh":
        assert json.loads(printed)["ok"] is True
        assert all(word in printed for line in in_words for word in line.split())
    else:
        assert printed.splitlines() == list(in_words)


def test_no_page_shows_a_sample_that_is_not_run_here() -> None:
    run_here = {"program", *(endpoint.slug for endpoint in ENDPOINTS)}
    receivers = {("webhook", language) for language in ("py", "mjs", "php")}  # test_docs_webhooks.py
    assert set(samples()) == receivers | {(name, language) for name in run_here for language in LANGUAGES}


@languages
def test_looking_around(reader: Reader, language: str) -> None:
    said(language, reader.run("account", language), "2500")
    said(language, reader.run("services", language), "tg Telegram 0.39")
    said(language, reader.run("countries", language), "7 Malaysia")
    said(language, reader.run("prices", language), "7 39 100")


@languages
def test_buying_and_the_code(reader: Reader, language: str) -> None:
    printed = reader.run("create-order", language)
    order = Order.objects.get()
    said(language, printed, f"{order.pk} {order.phone}")
    reader.shopper.deliver(order.pk, "Code 41790")
    stale(order.pk)
    said(language, reader.run("get-order", language, order.pk), "RECEIVED Code 41790")
    said(language, reader.run("next-sms", language, order.pk), "WAITING")
    said(language, reader.run("list-orders", language), f"{order.pk} WAITING")
    assert reader.shopper.balance() == 2461


@languages
def test_giving_back(reader: Reader, language: str) -> None:
    order_id = reader.shopper.buy()["id"]
    said(language, reader.run("cancel-order", language, order_id), "CANCELLED")
    assert reader.shopper.balance() == 2500


def test_whole_programs_side_by_side_heed_the_limits(reader: Reader, settings: Settings) -> None:
    """Two writes in two seconds are allowed, and each program makes two: so most are throttled, and wait."""
    settings.API_WRITES_PER_WINDOW, settings.API_WINDOW_SECONDS = 2, 2.0
    reader.shopper.sandbox.shop.plan_sms(SmsPlan(after=0, texts=("Code 41790", "Code 88231"), times=None))
    running = [reader.start("program", language) for language in present()]
    printed = [printed_by(process).splitlines() for process in running]
    phones = Order.objects.values_list("phone", flat=True)
    assert sorted(lines[0] for lines in printed) == sorted(f"number {phone}" for phone in phones)
    assert [lines[1:] for lines in printed] == [["first Code 41790", "second Code 88231"]] * len(running)
    assert reader.shopper.balance() == 2500 - 39 * len(running)


def test_whole_programs_give_the_number_back_in_the_end(reader: Reader) -> None:
    running = [reader.start("program", language, patience=0) for language in present()]
    assert [printed_by(process).splitlines()[1] for process in running] == ["no code, CANCELLED"] * len(running)
    assert reader.shopper.balance() == 2500


def test_whole_programs_buy_once_where_the_outcome_is_unknown(reader: Reader) -> None:
    """The provider sells and says nothing. Repeats with the same key bring the order in the end."""
    reader.shopper.sandbox.fail("getNumberV2", "sold_then_close", times=2)  # with more it would be given a rest
    running = [reader.start("program", language, patience=0) for language in present()]
    wait_until(lambda: UpstreamAttempt.objects.filter(outcome=Outcome.UNKNOWN).count() == 2)
    reconcile()
    printed = [printed_by(process).splitlines() for process in running]
    phones = Order.objects.values_list("phone", flat=True)
    assert sorted(lines[0] for lines in printed) == sorted(f"number {phone}" for phone in phones)
    assert reader.shopper.balance() == 2500


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)
