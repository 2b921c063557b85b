"""Each page in a language in which every text is in brackets: what stands outside of them was never marked."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation import trans_real

from accounts.models import User
from accounts.services import create_api_key
from accounts.topups.models import TopUp
from catalog.models import Provider
from tests.jiema.test_marked import NAMES, TECHNICAL, WORD, Words
from tests.web.shopping import buy

OPEN, CLOSE = "⟦", "⟧"
INNERMOST = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")
# Times and zones come from CLDR; ids and names of events are code.
DATED = re.compile(r"<time .*?</time>|<select name=.time_zone.*?</select>|\border\.\w+\b|\bc[a-z0-9]{24}\b", re.DOTALL)
# What the scene is made of, and the languages by their own names.
DATA = NAMES | {
    "Telegram",
    "Malaysia",
    "bot",
    "alice",
    "example",
    "com",
    "test",
    "money",
    "curl",
    "Python",
    "Node",
    "PHP",
}
DATA |= {"English", "Bahasa", "Indonesia", "Melayu", "简体中文"}
LEFT_OUT = ("admin/", "api/", "metrics", "healthz", "readyz", "webhooks/", "static/")


class Bracketed(trans_real.DjangoTranslation):
    """English, each text in brackets. Django asks for a text with a context as for "context, \\4, text"."""

    def gettext(self, message: str) -> str:
        return f"{OPEN}{message.rpartition(chr(4))[2]}{CLOSE}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@pytest.fixture
def _bracketed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(trans_real._translations, "en", Bracketed("en"))
    monkeypatch.setattr(trans_real, "_default", None)  # made anew from these when first asked, and kept
    trans_real.activate("en")
    yield
    trans_real.deactivate()


@pytest.fixture
def things(site: Client, alice: User, provider: Provider) -> dict[str, str]:
    """What the addresses of pages name."""
    order = buy(site).rpartition("/")[2]
    top_up = TopUp.objects.create(user=alice, gateway="bank", amount_cents=1000, asked=10)
    key, _token = create_api_key(alice.pk, "bot")
    return {"order_id": order, "top_up_id": top_up.pk, "key_id": str(key.pk), "code": alice.referral_code}


def addresses(things: dict[str, str], patterns: list[Any] | None = None, before: str = "") -> Iterator[str]:
    """Of each page whose address we can fill in."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from addresses(things, each.url_patterns, route)
        elif isinstance(each, URLPattern) and not route.startswith(LEFT_OUT) and "^" not in route:
            filled = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: things.get(match[1], "<"), route)
            if "<" not in filled:
                yield f"/{filled}"


def bare(page: str) -> list[str]:
    while INNERMOST.search(page):
        page = INNERMOST.sub("", page)
    words = Words()
    words.feed(DATED.sub("", page))
    return [each for each in words.found if not TECHNICAL.match(each) and set(WORD.findall(each)) - DATA]


@pytest.mark.usefixtures("_bracketed")
def test_all_that_a_page_says_is_marked(site: Client, things: dict[str, str]) -> None:
    found = {}
    for client in (site, Client()):
        for address in addresses(things):
            answer = client.get(address)
            if answer.get("Content-Type", "").startswith("text/html") and answer.status_code == 200:
                found[address] = bare(answer.content.decode())
    assert len(found) > 20
    assert {address: words for address, words in found.items() if words} == {}
