"""The samples: each one a file that runs, once the shop's address and a key stand in it."""

from dataclasses import dataclass
from functools import cache

from django.conf import settings

FOLDER = settings.BASE_DIR / "templates" / "docs"
# What stands in the files; readers see the shop's own address.
ADDRESS = "https://shop.example"
LANGUAGES = {"sh": "curl", "py": "Python", "mjs": "Node", "php": "PHP"}


@dataclass(frozen=True, slots=True)
class Sample:
    """language: its file's ending. label: its name for people."""

    language: str
    label: str
    text: str


def samples(name: str) -> list[Sample]:
    """In every language that it was written in."""
    files = ((language, f"samples/{name}.{language}") for language in LANGUAGES)
    return [Sample(key, LANGUAGES[key], text(path)) for key, path in files if (FOLDER / path).exists()]


def example(name: str) -> str:
    """A reply's JSON, as the server would send it but for the spaces."""
    return text(f"examples/{name}.json")


@cache
def _file(path: str) -> str:
    return (FOLDER / path).read_text().rstrip()


def text(path: str) -> str:
    return _file(path).replace(ADDRESS, settings.SITE_URL.rstrip("/"))
