"""WCAG 2.2 AA on every page, and nothing cut off, nothing upon another thing, nothing that runs out of the screen: in
both themes, three widths, four languages; and no page with more script than a phone likes.

Each page is looked at four times, so that all pairs of page, theme, width and language come; with LOOKS=all in each
combination.
"""

import gzip
import itertools
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as shop_settings
from django.contrib.staticfiles import finders
from playwright.sync_api import Page
from pytest_django import Settings

from tests.conftest import Shopper
from tests.torture import figures
from tests.web.conftest import Gateways
from tests.web.gallery import PICTURES, Picture, Scene, page_at
from tests.web.till import enter

THEMES = ("light", "dark")
WIDTHS = (320, 768, 1280)
LANGUAGES = [code for code, _ in shop_settings.LANGUAGES]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
MISFITS = Path(__file__).with_name("misfits.js").read_text()
MOST_SCRIPT = 30 * 1024  # bytes of all scripts of a page, gzipped
Look = tuple[str, int, str]


def looks(number: int) -> list[Look]:
    """Language, width and theme of each look at the page of this number."""
    if os.environ.get("LOOKS") == "all":
        return list(itertools.product(LANGUAGES, WIDTHS, THEMES))
    return [
        (language, WIDTHS[(number + turn) % 3], THEMES[(number // 3 + turn // 2 + turn) % 2])
        for turn, language in enumerate(LANGUAGES)
    ]


def test_the_looks_hold_every_pair() -> None:
    seen = {(page, *look) for page in range(len(PICTURES)) for look in looks(page)}
    wanted = [range(len(PICTURES)), LANGUAGES, WIDTHS, THEMES]
    for one, other in itertools.combinations(range(4), 2):
        pairs = {(each[one], each[other]) for each in seen}
        assert pairs == set(itertools.product(wanted[one], wanted[other]))


def complaints(page: Page) -> Iterator[str]:
    for found in Axe().run(page, options=OPTIONS).response["violations"]:
        for node in found["nodes"]:
            yield f"{found['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
    yield from page.evaluate(MISFITS)


@cache
def weight(address: str) -> int:
    """Bytes of a static file as they go over the line, gzipped."""
    file = finders.find(urlsplit(address).path.removeprefix("/static/"))
    assert isinstance(file, str)
    return len(gzip.compress(Path(file).read_bytes()))


def overweight(page: Page) -> Iterator[str]:
    scripts = page.eval_on_selector_all("script[src]", "all => all.map(each => each.src)")
    styles = page.eval_on_selector_all("link[rel=stylesheet]", "all => all.map(each => each.href)")
    script_bytes, style_bytes = sum(map(weight, scripts)), sum(map(weight, styles))
    figures.record_most(script_bytes=script_bytes, style_bytes=style_bytes)
    if script_bytes > MOST_SCRIPT:
        yield f"{script_bytes} bytes of script"


def test_the_eye_sees_what_is_wrong(page: Page) -> None:
    page.set_content(
        """<html lang="en"><title>x</title><main><img src="data:," width="400"><button></button>
        <button style="width:60px">unbreakable</button><p style="width:60px;overflow:hidden">unbreakable</p>
        <p style="position:absolute;top:90px">one</p><p style="position:absolute;top:92px">upon the other</p>"""
    )
    page.set_viewport_size({"width": 320, "height": 800})
    assert {each.split(":")[0] for each in complaints(page)} == {
        "button-name",
        "image-alt",
        "it is wider than the screen",
        "wider than its button",
        "cut off",
        "upon another text",
    }


@pytest.fixture
def scene(
    page: Page,
    shopper: Shopper,
    gateways: Gateways,
    shop: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Scene:
    return Scene(shopper, gateways, page.context, shop, settings, monkeypatch)


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_page(scene: Scene, page: Page, picture: Picture, expected: list[str]) -> None:
    if picture.status != 200:
        expected.append(f"the server responded with a status of {picture.status}")
    if not picture.is_public:
        enter(page.context, scene.shop, scene.alice)
    address = picture.address(scene)
    assert not picture.page or page_at(address) == picture.page
    found = []
    number = list(PICTURES).index(picture.name)
    for language, width, theme in looks(number):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 800})
        answer = page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
        assert answer
        assert (answer.status, page_at(urlsplit(page.url).path)) == (picture.status, page_at(address))
        found += [f"{language} {width} {theme}: {each}" for each in complaints(page)]
    found += overweight(page)
    figures.record(pages=1, looks=len(looks(number)), violations=len(found))
    assert found == []
