"""WCAG 2.2 AA on every page, and nothing that runs out of the screen: in both themes, three widths, four languages.

Each page is looked at four times, so that all pairs of page, theme, width and language come; with LOOKS=all in each
combination.
"""

import itertools
import os
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as shop_settings
from playwright.sync_api import Page

from tests.conftest import Shopper
from tests.torture import figures
from tests.web.conftest import Gateways
from tests.web.gallery import PICTURES, Picture, Scene
from tests.web.till import enter

THEMES = ("light", "dark")
WIDTHS = (320, 768, 1280)
LANGUAGES = [code for code, _ in shop_settings.LANGUAGES]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
OVERFLOWS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
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
    if page.evaluate(OVERFLOWS):
        yield "it is wider than the screen"


def test_the_eye_sees_what_is_wrong(page: Page) -> None:
    page.set_content('<html lang="en"><title>x</title><main><img src="data:," width="400"><button></button></main>')
    page.set_viewport_size({"width": 320, "height": 800})
    assert {each.split(":")[0] for each in complaints(page)} == {
        "button-name",
        "image-alt",
        "it is wider than the screen",
    }


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_page(
    page: Page, shopper: Shopper, gateways: Gateways, shop: str, picture: Picture, expected: list[str]
) -> None:
    expected.append("the server responded with a status of 4")
    if not picture.is_public:
        enter(page.context, shop, shopper.user)
    address = picture.address(Scene(shopper, gateways))
    found = []
    number = list(PICTURES).index(picture.name)
    for language, width, theme in looks(number):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 800})
        answer = page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
        assert answer
        assert answer.status == picture.status
        found += [f"{language} {width} {theme}: {each}" for each in complaints(page)]
    figures.record(pages=1, looks=len(looks(number)), violations=len(found))
    assert found == []
