"""The files of translations: `.po`, which people edit, and `.mo`, which the shop reads."""

import struct
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from jiema.messages.extracting import Key, Text, key_of_text

# All our languages but English have one form for any number.
HEADER = """\
Language: {language}
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit
Plural-Forms: nplurals=1; plural=0;
"""
ALIKE = 0.75  # of what was there before, for a changed text to keep its translation as a proposal


def read(path: Path, language: str) -> Catalog:
    """An empty one where there is no file yet."""
    if not path.exists():
        return empty(language)
    return parsed(path.read_bytes(), language)


def parsed(po: bytes, language: str) -> Catalog:
    return read_po(BytesIO(po), locale=language)


def empty(language: str) -> Catalog:
    catalogue = Catalog(language)
    catalogue.mime_headers = [("Plural-Forms", "nplurals=1; plural=0;")]
    return catalogue


def updated(old: Iterable[Message], texts: dict[Text, list[str]], language: str) -> Catalog:
    """The texts, each with its translation; a changed one has its former one, marked fuzzy. Others are left out."""
    known = {key_of(each): each for each in old if each.id}
    dropped = {key[1]: known[key] for key in known.keys() - {key_of_text(text) for text in texts}}
    new = empty(language)
    for text, files in texts.items():
        message = _message(text, files)
        before = known.get(key_of_text(text))
        if before:
            _take_over(message, before)
        else:
            _propose(message, text, dropped)
        new[message.id] = message
    return new


def key_of(message: Message) -> Key:
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def strings_of(message: Message) -> list[str]:
    """The translation in all its forms; empty strings where there is none."""
    return [message.string] if isinstance(message.string, str) else list(message.string or [""])


def is_done(message: Message) -> bool:
    return not message.fuzzy and all(strings_of(message))


def keep(catalogue: Catalog, path: Path, language: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written(catalogue, language))
    path.with_suffix(".mo").write_bytes(compiled(catalogue, language))


def _message(text: Text, files: list[str]) -> Message:
    name = (text.id, text.plural) if text.plural else text.id
    return Message(name, ("",) if text.plural else "", [(each, 0) for each in files], context=text.context)


def _take_over(message: Message, before: Message) -> None:
    _translate(message, before)
    message.user_comments = before.user_comments
    if "fuzzy" in before.flags or before.pluralizable != message.pluralizable:
        _doubt(message, before)


def _propose(message: Message, text: Text, dropped: dict[str, Message]) -> None:
    like = get_close_matches(text.id, [name for name, each in sorted(dropped.items()) if each.string], 1, ALIKE)
    if like:
        _translate(message, dropped[like[0]])
        _doubt(message, dropped[like[0]])


def _translate(message: Message, by: Message) -> None:
    first = strings_of(by)[0]
    message.string = (first,) if message.pluralizable else first


def _doubt(message: Message, before: Message) -> None:
    if strings_of(message)[0]:
        message.flags.add("fuzzy")
        former = before.previous_id or ([before.id] if isinstance(before.id, str) else list(before.id))
        message.previous_id = list(former)


def written(catalogue: Catalog, language: str) -> bytes:
    """The `.po`: no dates and no line numbers, so that it changes where a text does."""
    header = "".join(f'"{line}\\n"\n' for line in HEADER.format(language=language).splitlines())
    body = BytesIO()
    write_po(body, catalogue, width=0, omit_header=True, include_previous=True, include_lineno=False)
    return f'msgid ""\nmsgstr ""\n{header}\n'.encode() + body.getvalue().strip() + b"\n"


def compiled(catalogue: Catalog, language: str) -> bytes:
    """The `.mo`: translations that are whole and not in doubt, sorted, as `gettext.GNUTranslations` reads them."""
    pairs = sorted([("", HEADER.format(language=language)), *_pairs(catalogue)])
    keys, values = ([pair[side].encode() for pair in pairs] for side in (0, 1))
    start = 7 * 4
    offset = start + 16 * len(pairs)
    tables = b""
    for text in (*keys, *values):
        tables += struct.pack("<II", len(text), offset)
        offset += len(text) + 1
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), start, start + 8 * len(pairs), 0, start)
    return head + tables + b"".join(text + b"\0" for text in (*keys, *values))


def _pairs(catalogue: Catalog) -> Iterator[tuple[str, str]]:
    for message in catalogue:
        if message.id and is_done(message):
            context, name = key_of(message)
            plural = "" if isinstance(message.id, str) else f"\0{message.id[1]}"
            yield f"{context}\4{name}{plural}" if context else f"{name}{plural}", "\0".join(strings_of(message))
