"""All that customers read is there in all our languages. `make messages` mends what these tests find."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.utils import translation

from jiema.messages import catalogues, checks, sources
from jiema.messages.extracting import Text

LANGUAGES = ("id", "ms", "zh_Hans")
Kept = tuple[str, Path, Catalog]
FILES = [(language, place) for language in LANGUAGES for place in (0, 1)]


@pytest.fixture(scope="module", params=FILES, ids=lambda each: f"{each[0]}-{each[1]}")
def kept(request: pytest.FixtureRequest) -> Kept:
    """A language, a file of its translations, and how it has to be."""
    language, place = request.param
    return language, *list(sources.updated(language).items())[place]


def test_the_languages_are_those_of_the_settings() -> None:
    assert tuple(sources.languages()) == LANGUAGES


def test_each_text_is_translated_and_whole(kept: Kept) -> None:
    language, path, _ = kept
    messages = [each for each in catalogues.read(path, language) if each.id]
    assert [checks.told(each, fault) for each in messages for fault in checks.faults(each, language)] == []


def test_the_file_holds_the_texts_of_the_code(kept: Kept) -> None:
    language, path, updated = kept
    assert path.read_bytes() == catalogues.written(updated, language), "out of date: make messages"


def test_the_compiled_file_is_that_of_the_other(kept: Kept) -> None:
    language, path, _ = kept
    compiled = catalogues.compiled(catalogues.read(path, language), language)
    assert path.with_suffix(".mo").read_bytes() == compiled, "out of date: make messages"


@pytest.mark.parametrize("code", ["id", "ms", "zh-hans"])
def test_what_allauth_shows_is_said_in_each_language(code: str) -> None:
    with translation.override(code):
        english = {text.id for text in sources.theirs("allauth") if said(text) in (text.id, text.plural)}
    assert english <= checks.NAMES | checks.SAME[translation.to_locale(code)]


@pytest.mark.parametrize(
    ("code", "short"),
    [
        ("id", "Kata sandi terlalu pendek. Harus mengandung setidaknya 8 karakter."),
        ("ms", "Kata laluan ini terlalu pendek. Kata laluan mesti mengandungi sekurang-kurangnya 8 aksara."),
        ("zh-hans", "密码太短。至少需要 8 个字符。"),
    ],
)
def test_what_django_says_of_a_short_password(code: str, short: str) -> None:
    with translation.override(code), pytest.raises(ValidationError) as refused:
        MinimumLengthValidator(8).validate("1234567")
    assert refused.value.messages == [short]


def said(text: Text) -> str:
    if text.plural:
        return translation.ngettext(text.id, text.plural, 2)
    return translation.pgettext(text.context, text.id) if text.context else translation.gettext(text.id)
