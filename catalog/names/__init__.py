"""By which names customers look for services and countries: all languages at once, written in one plain way.

services.tsv and countries.tsv hold what people call them beside their own names: other languages, short forms, usual
misspellings, brands of the same house. Countries have their names in the shop's languages from Babel.
"""

import re
import unicodedata
from functools import cache
from importlib.resources import files

from babel import Locale

LANGUAGES = ("en", "id", "ms", "zh_Hans")
LONGEST = 120
_APOSTROPHES = re.compile(r"['’ʼ`]")
_WORDS = re.compile(r"[^\W_]+")
_PARTS = re.compile(r"[/(),|]")
# What Unicode takes for letters of their own, and keyboards don't have.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})


def fold(text: str) -> str:
    """Words in small letters without marks and punctuation: "Côte d’Ivoire" is "cote divoire". Chinese stays."""
    apart = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text).casefold())
    bare = "".join(each for each in apart if not unicodedata.combining(each))
    return " ".join(_WORDS.findall(unicodedata.normalize("NFC", bare).translate(_PLAIN)))[:LONGEST]


def service_names(code: str, slug: str, name: str) -> set[str]:
    """Folded, each also without its spaces; its code is not among them."""
    return _folded([name, *_PARTS.split(name), slug, *_more("services.tsv").get(code, ())])


def country_names(iso2: str, slug: str, name: str) -> set[str]:
    """Folded, in all the shop's languages, with its ISO code. A second country of the same code has none of these."""
    if slug != iso2.lower():
        return _folded([name, slug, *_PARTS.split(name)])
    told = [Locale.parse(language).territories.get(iso2, "") for language in LANGUAGES]
    return _folded([name, iso2, *told, *(part for each in told for part in _PARTS.split(each)), *_of(iso2)])


def _of(iso2: str) -> tuple[str, ...]:
    return _more("countries.tsv").get(iso2.lower(), ())


def _folded(names: list[str]) -> set[str]:
    folded = {fold(each) for each in names}
    return (folded | {each.replace(" ", "") for each in folded}) - {""}


@cache
def _more(file: str) -> dict[str, tuple[str, ...]]:
    lines = files(__package__).joinpath(file).read_text("utf-8").splitlines()[1:]
    return {key: tuple(names.split(", ")) for key, names in (line.split("\t") for line in lines)}
