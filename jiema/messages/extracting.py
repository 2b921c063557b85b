"""Which texts a tree of Python files and templates marks for translation."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from django.utils.translation.template import templatize

# What the arguments of each function are; a lazy or noop one is like the one it is named after.
ARGUMENTS = {
    "gettext": ("id",),
    "ngettext": ("id", "plural"),
    "pgettext": ("context", "id"),
    "npgettext": ("context", "id", "plural"),
}
ALIASES = {f"{name}{kind}": name for name in ARGUMENTS for kind in ("", "_lazy", "_noop")}
TEMPLATES = (".html", ".txt")
# A call that templatize has written.
CALL = re.compile(r"(?:\b(?:n?p?gettext)|(?<![\w.])_)\((?=u?['\"])")


class Unreadable(ValueError):
    """A text that is put together before it is translated, so that no translation is ever found."""


@dataclass(frozen=True)
class Text:
    """context: the text's own, where one English word means two things."""

    id: str
    plural: str | None = None
    context: str | None = None


Key = tuple[str | None, str]


def key_of_text(text: Text) -> Key:
    """By what a translation is found; the plural form is no part of it."""
    return text.context, text.id


def texts_of(root: Path, paths: Iterable[Path]) -> dict[Text, list[str]]:
    """Each text with the files that show it (named from the root), in their order; the plural form joins the plain one.

    Raises Unreadable.
    """
    found: dict[Key, Text] = {}
    files: dict[Key, list[str]] = {}
    for path in paths:
        read = _in_template if path.suffix in TEMPLATES else _in_python
        name = path.relative_to(root).as_posix()
        for text in read(path.read_text(encoding="utf-8"), name):
            key = key_of_text(text)
            if key not in found or (text.plural and not found[key].plural):
                found[key] = text
            if name not in files.setdefault(key, []):
                files[key].append(name)
    return {text: files[key] for key, text in found.items()}


def _in_python(source: str, name: str) -> Iterator[Text]:
    if "translation" not in source:  # most files, and reading one takes its time
        return
    tree = ast.parse(source)
    called = _imported(tree)
    for call in sorted((each for each in ast.walk(tree) if isinstance(each, ast.Call)), key=_place):
        match call.func:
            case ast.Name(id=word):
                kind = called.get(word)
            case ast.Attribute(attr=word):
                kind = ALIASES.get(word)
            case _:
                kind = None
        if kind:
            yield from _in_call(call, kind, name)


def _place(call: ast.Call) -> tuple[int, int]:
    return call.lineno, call.col_offset


def _imported(tree: ast.Module) -> dict[str, str]:
    """What the file calls the functions that it imports."""
    return {
        each.asname or each.name: ALIASES[each.name]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for each in node.names
        if each.name in ALIASES
    }


def _in_call(call: ast.Call, kind: str, name: str) -> Iterator[Text]:
    """A name instead of a string is a text that is marked elsewhere."""
    words = ARGUMENTS[kind]
    given = dict(zip(words, call.args, strict=False))
    if any(isinstance(each, ast.JoinedStr | ast.BinOp) or _is_formatted(each) for each in given.values()):
        raise Unreadable(f"{name}:{call.lineno}: a text is one plain string; fill it in after it was translated.")
    values = {key: each.value for key, each in given.items() if isinstance(each, ast.Constant)}
    if len(values) == len(words):
        yield Text(**{key: str(each) for key, each in values.items()})


def _is_formatted(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"


def _in_template(source: str, name: str) -> Iterator[Text]:
    calls = templatize(source, origin=name)
    for match in CALL.finditer(calls):
        call = _call_at(calls, match.start())
        kind = ALIASES.get(ast.unparse(call.func))
        for text in _in_call(call, kind or "gettext", name):
            # Of `{{ _("100 %") }}`, Django looks for another text than templatize says.
            yield text if kind else replace(text, id=text.id.replace("%", "%%"))


def _call_at(calls: str, start: int) -> ast.Call:
    """The shortest piece from here on that is a whole call: a text may hold brackets."""
    end = start
    while True:
        end = calls.index(")", end) + 1
        try:
            parsed = ast.parse(calls[start:end], mode="eval").body
        except SyntaxError:
            continue
        if isinstance(parsed, ast.Call):
            return parsed
