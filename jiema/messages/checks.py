"""What is wrong with a translation, as far as a program can tell."""

import re
from collections import Counter
from collections.abc import Iterator

from babel.messages.catalog import Message

from jiema.messages.catalogues import key_of, strings_of

BLANK = re.compile(r"%\(\w+\)[#0\- +]*[\d.]*[a-zA-Z]|%[a-zA-Z%]|\{\w*\}")
TAG = re.compile(r"</?\w[^>]*>")
LINK = re.compile(r"%\(\w*link\)s")
LETTER = re.compile(r"[^\W\d_]")
HAN = r"[\u3007\u4e00-\u9fff]"
TIGHT = re.compile(rf"{HAN}(?=[A-Za-z0-9$]|%\(|\{{)|(?:[A-Za-z0-9$%]|\)[sd]|\}})(?={HAN})")
HALF_WIDTH = re.compile(rf"{HAN}\s*[,;:?!.()]|[,;:?!()]\s*{HAN}")

# Names, and what is one word in both languages.
NAMES = frozenset({"API", "FPX", "IPv4", "IPv6", "jiema", "Node.js", "PHP", "Python", "curl", "WebAuthn", "Webhook"})
SAME = {
    "id": frozenset({"Menu:", "Email", "Status", "Voucher", "Total", "Edit", "Browser", "Sandbox", "Webhooks"}),
    "ms": frozenset({"Menu:", "Status", "Menu"}),
    "zh_Hans": frozenset[str](),
}


def faults(message: Message, language: str) -> Iterator[str]:
    """In words; nothing for a translation that may be shown."""
    original = message.id if isinstance(message.id, str) else message.id[-1]
    strings = strings_of(message)
    if message.fuzzy:
        yield "is in doubt (fuzzy)"
    if len(strings) != 1:
        yield "has more than the one form of this language"
    if not all(strings):
        yield "is not translated"
        return
    for text in strings:
        yield from _faults(original, text, language)


def _faults(original: str, text: str, language: str) -> Iterator[str]:
    if blanks(original) != blanks(text):
        yield "has other placeholders"
    if BLANK.search(original) and "%" in original and "%" in BLANK.sub("", text):
        yield "has a % that is to be written %%"
    if Counter(TAG.findall(original)) != Counter(TAG.findall(text)):
        yield "has other tags"
    if _ends(original) != _ends(text):
        yield "begins or ends with other spaces"
    if text == original and LETTER.search(BLANK.sub("", text)) and text not in NAMES | SAME[language]:
        yield "is English still"
    if "!" in text or "！" in text:
        yield "exclaims"
    if language == "zh_Hans":
        yield from _faults_of_chinese(LINK.sub("", TAG.sub("", text)))


def blanks(text: str) -> set[str]:
    return set(BLANK.findall(text)) - {"%%"}


def _ends(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def _faults_of_chinese(text: str) -> Iterator[str]:
    if TIGHT.search(text):
        yield "has no space between Chinese and Latin letters or digits"
    if HALF_WIDTH.search(BLANK.sub("x", text)):
        yield "has half-width punctuation"


def told(message: Message, fault: str) -> str:
    return f"{key_of(message)[1]!r} {fault}"
