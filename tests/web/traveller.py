"""Somebody at a browser, who finds things by the words on them: with a mouse, a keyboard or a finger."""

from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext, override
from playwright.sync_api import Locator, Page

from jiema.languages import dollars

MOST_TABS = 90
HAS_FOCUS = "it => it === document.activeElement"
# It can be seen that it has the focus, and nothing lies upon it.
SHOWS_FOCUS = """it => {
    const box = it.getBoundingClientRect(), look = getComputedStyle(it);
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return it.matches(':focus-visible') && look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2
        && (it === top || it.contains(top));
}"""


@dataclass
class Traveller:
    """With a mouse. language: Django's code; what is asked for by English words is found in it."""

    page: Page
    language: str

    def words(self, message: str, **values: Any) -> str:
        with override(self.language):
            return gettext(message) % values if values else gettext(message)

    def dollars(self, cents: int) -> str:
        with override(self.language):
            return dollars(cents)

    def press(self, message: str, **values: Any) -> None:
        self.activate(self._named("button", self.words(message, **values)))

    def follow(self, message: str, **values: Any) -> None:
        self.activate(self._named("link", self.words(message, **values)))

    def fill(self, message: str, text: str) -> None:
        self.type(self.page.get_by_label(self.words(message), exact=True), text)

    def check(self, message: str) -> None:
        self.activate(self.page.get_by_label(self.words(message), exact=True))

    def _named(self, role: Literal["button", "link"], name: str) -> Locator:
        return self.page.get_by_role(role, name=name, exact=True).first

    def activate(self, it: Locator) -> None:
        it.click()

    def type(self, field: Locator, text: str) -> None:
        field.click()
        field.fill(text)

    def send(self) -> None:
        """The form that was typed into, by Enter as most do."""
        self.page.keyboard.press("Enter")


class Toucher(Traveller):
    """With a finger on a phone."""

    def activate(self, it: Locator) -> None:
        it.tap()

    def type(self, field: Locator, text: str) -> None:
        field.tap()
        field.fill(text)


class Keyboarder(Traveller):
    """Without a mouse. What they come to has a visible focus."""

    def activate(self, it: Locator) -> None:
        self.reach(it)
        self.page.keyboard.press("Space" if it.get_attribute("type") == "checkbox" else "Enter")

    def type(self, field: Locator, text: str) -> None:
        self.reach(field)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(text)

    def reach(self, it: Locator) -> None:
        it.wait_for()
        for _ in range(MOST_TABS):
            if it.evaluate(HAS_FOCUS):
                assert it.evaluate(SHOWS_FOCUS), f"Nobody sees that the focus is on {it}"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never comes to {it}")
