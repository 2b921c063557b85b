"""Why the shop says no, in the family's own words; each dialect has its form for them."""

from typing import Any


class Refusal(Exception):
    """facts: what a dialect may tell beside the word (`min`, `until`, `field`, ...)."""

    def __init__(self, word: str, **facts: Any) -> None:
        super().__init__(word)
        self.word = word
        self.facts = facts


def bad_field(field: str, code: str = "INVALID", message: str = "") -> Refusal:
    """A parameter that makes no sense; `field` is its name on the wire."""
    words = {"service": "BAD_SERVICE", "country": "BAD_COUNTRY", "id": "WRONG_ACTIVATION_ID"}
    return Refusal(words.get(field, "BAD_REQUEST"), field=field, code=code, message=message)
