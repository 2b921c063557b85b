"""Nothing that a customer reads escapes translation: no bare words in templates, nor in what Python says to them."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.template.base import Lexer, Token, TokenType

from jiema.api.errors import DomainError
from jiema.messages import sources

TEMPLATES = Path(settings.BASE_DIR) / "templates"
SPOKEN = {"alt", "title", "aria-label", "aria-description", "placeholder", "label", "data-done", "data-announce"}
# What is in these is not language.
CODE = {"code", "pre", "kbd", "samp", "script", "style", "svg"}
NAMES = {"jiema", "USDT", "UTC", "API", "TRC"}
WORD = re.compile(r"[^\W\d_]{2,}")
ENTITY = re.compile(r"&\w+;")


class Words(HTMLParser):
    """Collects the words that stand in a page by themselves: as text, or in an attribute that is read out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.inside: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in CODE:
            self.inside.append(tag)
        for name, value in attrs:
            if name in SPOKEN or (name == "content" and self._is_read(dict(attrs))):
                self._take(value or "", tag, name)

    @staticmethod
    def _is_read(meta: dict[str, str | None]) -> bool:
        """Of what search engines and social networks are told, descriptions and titles are shown to people."""
        return str(meta.get("name") or meta.get("property")).endswith(("description", "title"))

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self._take(data)

    def _take(self, text: str, *where: str) -> None:
        if set(WORD.findall(text)) - NAMES:
            self.found.append(" ".join((*where, " ".join(text.split()))))


def bare_words(source: str) -> list[str]:
    """Of a template: without its tags, its variables and what is marked."""
    words = Words()
    words.feed("".join(_plain(Lexer(source).tokenize())))
    words.close()
    return words.found


def _plain(tokens: list[Token]) -> Iterator[str]:
    closing = None
    for token in tokens:
        tag = token.contents.split()[0] if token.token_type == TokenType.BLOCK and token.contents else ""
        if closing:
            closing = None if tag == closing else closing
        elif tag in ("blocktranslate", "blocktrans", "comment"):
            closing = f"end{tag}"
        elif token.token_type == TokenType.TEXT:
            yield token.contents


TECHNICAL = re.compile(r"^input placeholder jm_…$|^status\.json$|^webhook-id$")


@pytest.mark.parametrize(
    "name",
    sorted(
        each.relative_to(TEMPLATES).as_posix()
        for each in TEMPLATES.rglob("*.*")
        if "admin" not in each.parts and each.suffix in (".html", ".txt")
    ),
)
def test_no_bare_words_in_a_template(name: str) -> None:
    found = bare_words((TEMPLATES / name).read_text())
    assert [each for each in found if not TECHNICAL.match(each)] == []


# Forms, choices and refusals that only ops meet.
OPS = {
    "ApprovalForm",
    "PayBackForm",
    "BatchForm",
    "AdjustmentForm",
    "AccountState",
    "Outcome",
    "Cause",
    "PayoutState",
    "Dialect",
}
OPS |= {
    "BadCursor",
    "Finding",
    "Via",
    "Language",
    "NotPossible",
    "NotCompleted",
    "PaidBack",
    "StraySettled",
    "StrayNotGivenBack",
}
SAYS = {"success", "info", "warning", "error", "ValidationError", "add_error"}


def python_files() -> list[Path]:
    root = Path(settings.BASE_DIR)
    paths = [path for package in sources.PACKAGES for path in sorted((root / package).rglob("*.py"))]
    return [
        path
        for path in paths
        if not any(
            each in path.as_posix()
            for each in (*sources.OURS_ALONE, "/api/", "catalog/models.py", "orders/services/key_limits.py")
        )
    ]


def unmarked(tree: ast.AST, inside: str = "") -> Iterator[str]:
    """What Python says to customers by a plain string: a message, a form's label, a choice's name, a refusal."""
    for node in ast.iter_child_nodes(tree):
        name = node.name if isinstance(node, ast.ClassDef) else inside
        if isinstance(node, ast.Call):
            yield from (ast.unparse(each) for each in _said(node) if _is_plain(each) and " " in ast.unparse(each))
        if isinstance(node, ast.ClassDef) and node.name not in OPS:
            yield from (ast.unparse(each) for each in _named(node) if _is_plain(each))
        if name not in OPS:
            yield from unmarked(node, name)


def _said(call: ast.Call) -> Iterator[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    is_form = ast.unparse(call.func).startswith("forms.")
    yield from (each.value for each in call.keywords if each.arg == "label" or (each.arg == "help_text" and is_form))
    if name in SAYS or name in REFUSALS:
        yield from call.args


def _named(cls: ast.ClassDef) -> Iterator[ast.expr]:
    bases = {ast.unparse(each) for each in cls.bases}
    for node in cls.body:
        if not isinstance(node, ast.Assign):
            continue
        if "models.TextChoices" in bases and isinstance(node.value, ast.Tuple):
            yield node.value.elts[1]
        if ast.unparse(node.targets[0]) == "text":
            yield node.value


def _is_plain(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _below(cls: type) -> Iterator[str]:
    for each in cls.__subclasses__():
        yield each.__name__
        yield from _below(each)


# Of what is not there the pages say so themselves; a bad request is one of a program.
REFUSALS = set(_below(DomainError)) - OPS - {"NotFound", "BadRequest"}


def test_python_says_nothing_unmarked() -> None:
    found = {path.as_posix(): list(unmarked(ast.parse(path.read_text()))) for path in python_files()}
    assert {name: texts for name, texts in found.items() if texts} == {}


# Two words, which no selector and no class name is.
SENTENCE = re.compile(r"^[A-Z][a-z]+ [a-z]{2,}|[a-z]{2,} [a-z]{2,} [a-z]{2,}")
STRING = re.compile(r"""(?<![\w.])(["'`])((?:(?!\1)[^\\\n]|\\.)*)\1""")


def test_scripts_say_only_what_the_page_gave_them() -> None:
    found = {
        path.name: [text for _, text in STRING.findall(path.read_text()) if SENTENCE.search(text)]
        for path in sorted((Path(settings.BASE_DIR) / "static/js").rglob("*.js"))
    }
    assert {name: texts for name, texts in found.items() if texts} == {}
