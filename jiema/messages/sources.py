"""Whose texts go into which file."""

from collections.abc import Iterator
from functools import cache
from gettext import GNUTranslations
from importlib.util import find_spec
from pathlib import Path

from babel.messages.catalog import Catalog
from django.conf import settings
from django.utils.translation import to_locale

from jiema.messages import catalogues
from jiema.messages.catalogues import is_done, key_of, read
from jiema.messages.checks import blanks
from jiema.messages.extracting import Text, key_of_text, texts_of

PACKAGES = ("jiema", "accounts", "catalog", "orders")
# Ops' own: the admin and the commands are in English.
OURS_ALONE = ("admin.py", "management/", "migrations/", "sandbox/", "embedded/", "jiema/messages/", "templates/admin/")
# What customers meet of the frameworks.
SHOWN = {
    "django": ("contrib/auth", "contrib/humanize", "core", "db/models", "forms", "utils/timesince.py"),
    "allauth": (
        *("account", "core", "mfa", "usersessions", "utils.py", "templates/account", "templates/mfa"),
        *("templates/usersessions", "templates/allauth", "templates/core"),
    ),
}
NOT_SHOWN = ("admin.py", "management/", "migrations/", "tests/", "checks", "contrib/auth/models.py", "apps.py")
CATALOGUES = {"django": ("conf", "contrib/auth", "contrib/humanize"), "allauth": (".",)}


def languages() -> list[str]:
    """Ours but English, by the names of their folders: id, ms, zh_Hans."""
    return [to_locale(code) for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def updated(language: str) -> dict[Path, Catalog]:
    """Each `.po` of this language as it has to be. A text that moves to the other file takes its translation along."""
    own, beside = (folder / language / "LC_MESSAGES" / "django.po" for folder in settings.LOCALE_PATHS)
    memory = [*read(beside, language), *read(own, language)]
    texts = {own: ours(), beside: packages_texts(language, beside)}
    return {path: catalogues.updated(memory, texts[path], language) for path in (own, beside)}


@cache
def ours() -> dict[Text, list[str]]:
    root = settings.BASE_DIR
    trees = [*(root / each for each in PACKAGES), root / "templates"]
    return texts_of(root, _files(root, trees, OURS_ALONE))


@cache
def theirs(package: str) -> dict[Text, list[str]]:
    """All that customers meet of an installed package, translated or not."""
    root = _folder(package)
    return texts_of(root.parent, _files(root, [root / each for each in SHOWN[package]], NOT_SHOWN))


def packages_texts(language: str, path: Path) -> dict[Text, list[str]]:
    """What the packages show to customers and don't translate, or not well; and what our file says better."""
    kept = {key_of(each) for each in read(path, language) if each.id and is_done(each)}
    ours_too = {key_of_text(text) for text in ours()}
    return {
        text: files
        for package in SHOWN
        for text, files in theirs(package).items()
        if key_of_text(text) not in ours_too and (key_of_text(text) in kept or not _translates(package, language, text))
    }


def _translates(package: str, language: str, text: Text) -> bool:
    """Not with other placeholders: these would be shown as they are, or break the page."""
    name = f"{text.context}\4{text.id}" if text.context else text.id
    known = _known(package, language)
    translation = known.get(name) or known.get((name, 0))
    return bool(translation) and blanks(str(translation)) == blanks(text.plural or text.id)


@cache
def _known(package: str, language: str) -> dict[object, str]:
    known: dict[object, str] = {}
    for part in CATALOGUES[package]:
        path = _folder(package) / part / "locale" / language / "LC_MESSAGES" / "django.mo"
        if path.exists():
            with path.open("rb") as file:
                known |= GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return known


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LookupError(f"{package} is not installed.")
    return Path(spec.submodule_search_locations[0])


def _files(root: Path, trees: list[Path], left_out: tuple[str, ...]) -> Iterator[Path]:
    for tree in trees:
        for path in sorted([tree] if tree.is_file() else tree.rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.suffix in (".py", ".html", ".txt") and not any(each in f"/{name}" for each in left_out):
                yield path
