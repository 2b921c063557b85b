from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from jiema.messages import catalogues, checks
from jiema.messages.extracting import Text, Unreadable, texts_of


def texts(folder: Path, **files: str) -> dict[Text, list[str]]:
    paths = []
    for name, source in files.items():
        paths.append(folder / name.replace("__", "."))
        paths[-1].write_text(source)
    return texts_of(folder, paths)


def kept(texts: dict[Text, list[str]], old: Catalog | None = None, **translations: str) -> Catalog:
    catalogue = catalogues.updated(old or catalogues.empty("id"), texts, "id")
    for message in catalogue:
        if message.id in translations:
            message.string = translations[message.id]
    return catalogue


def test_python_is_read_whatever_a_function_is_called(tmp_path: Path) -> None:
    source = """
from django.utils import translation
from django.utils.translation import gettext as _, gettext_lazy, ngettext as many, pgettext
_("A" "B"); gettext_lazy("C"); many("%(n)s code", "%(n)s codes", n); pgettext("verb", "Order"); translation.gettext("D")
_(name); other("E")
"""
    assert list(texts(tmp_path, a__py=source)) == [
        Text("AB"),
        Text("C"),
        Text("%(n)s code", "%(n)s codes"),
        Text("Order", context="verb"),
        Text("D"),
    ]


def test_underscore_is_no_text_where_it_is_something_else(tmp_path: Path) -> None:
    assert texts(tmp_path, a__py='for _ in range(3):\n    _("A")\n') == {}


@pytest.mark.parametrize("made", ['f"Hi {name}"', '"Hi %s" % name', '"Hi {}".format(name)'])
def test_text_put_together_before_it_is_translated_is_refused(tmp_path: Path, made: str) -> None:
    with pytest.raises(Unreadable, match=r"a\.py:2: "):
        texts(tmp_path, a__py=f"from django.utils.translation import gettext as _\n_({made})\n")


def test_templates_are_read(tmp_path: Path) -> None:
    source = """{% load i18n %}
<p title="{% translate 'It\u2019s (here)' %}">{% translate "Order" context "verb" %} {{ _("100 %") }}
  {% blocktranslate trimmed count n=codes with price=cents|dollars %}
    {{ n }} code, {{ price }}
  {% plural %}
    {{ n }} codes, {{ price }}
  {% endblocktranslate %}
{% include "x" with label=_("Name") %}</p>"""
    assert list(texts(tmp_path, a__html=source)) == [
        Text("It\u2019s (here)"),
        Text("Order", context="verb"),
        Text("100 %%"),
        Text("%(n)s code, %(price)s", "%(n)s codes, %(price)s"),
        Text("Name"),
    ]


def test_one_text_of_two_files_names_both(tmp_path: Path) -> None:
    assert texts(tmp_path, a__html='{% translate "A" %}', b__html='{% translate "A" %}{% translate "A" %}') == {
        Text("A"): ["a.html", "b.html"]
    }


def test_second_update_changes_nothing() -> None:
    found = {Text("Sign in"): ["a.html"], Text("{n} code", "{n} codes"): ["a.html", "b.py"]}
    once = catalogues.written(kept(found, **{"Sign in": "Masuk"}), "id")
    again = catalogues.updated(catalogues.parsed(once, "id"), found, "id")
    assert catalogues.written(again, "id") == once


def test_changed_text_keeps_its_translation_in_doubt() -> None:
    old = kept({Text("Copy the key now."): ["a.html"]}, **{"Copy the key now.": "Salin kunci sekarang."})
    new = kept({Text("Copy this key now."): ["a.html"]}, old)
    assert b'#, fuzzy\n#| msgid "Copy the key now."\nmsgid "Copy this key now."\nmsgstr "Salin kunci sekarang."' in (
        catalogues.written(new, "id")
    )
    assert b"Salin" not in catalogues.compiled(new, "id")


def test_text_that_is_gone_leaves_nothing_behind() -> None:
    old = kept({Text("Gone"): ["a.html"], Text("Here"): ["a.html"]}, Gone="Hilang", Here="Di sini")
    assert b"Gone" not in catalogues.written(kept({Text("Here"): ["a.html"]}, old), "id")


def test_compiled_file_answers_as_gettext_asks() -> None:
    found = {Text("Order", context="verb"): ["a"], Text("%d code", "%d codes"): ["a"], Text("Stay"): ["a"]}
    catalogue = kept(found, Order="Pesan")
    catalogue["%d code"].string = ("%d kode",)
    compiled = GNUTranslations(BytesIO(catalogues.compiled(catalogue, "id")))
    assert compiled.pgettext("verb", "Order") == "Pesan"
    assert compiled.ngettext("%d code", "%d codes", 5) == "%d kode"
    assert compiled.gettext("Stay") == "Stay"


@pytest.mark.parametrize(
    ("original", "text", "language", "fault"),
    [
        ("Sign in", "", "id", "is not translated"),
        ("Sign in", "Sign in", "id", "is English still"),
        ("%(n)s left", "%(m)s tersisa", "id", "has other placeholders"),
        ("{n} left", "tersisa", "id", "has other placeholders"),
        ("%(n)s of 100 %%", "%(n)s dari 100 %", "id", "has a % that is to be written %%"),
        ("<b>Note</b>", "<i>Catatan</i>", "id", "has other tags"),
        ("Paid: ", "Dibayar:", "id", "begins or ends with other spaces"),
        ("Done.", "Selesai!", "id", "exclaims"),
        ("%(n)s codes", "%(n)s个验证码", "zh_Hans", "has no space between Chinese and Latin letters or digits"),
        ("Done.", "完成.", "zh_Hans", "has half-width punctuation"),
    ],
)
def test_faults_of_a_translation(original: str, text: str, language: str, fault: str) -> None:
    assert list(checks.faults(Message(original, text), language)) == [fault]


def test_translation_in_doubt_or_with_too_many_forms_is_a_fault() -> None:
    assert list(checks.faults(Message("Stay", "Tetap", flags=["fuzzy"]), "id")) == ["is in doubt (fuzzy)"]
    two = Message(("%d code", "%d codes"), ("%d kode", "%d kode"))
    assert list(checks.faults(two, "id")) == ["has more than the one form of this language"]


@pytest.mark.parametrize(
    ("original", "text"),
    [("API", "API"), ("$%(x)s", "$%(x)s"), ("Hi <b>%(name)s</b>, %(n)s left", "还剩 %(n)s 个，<b>%(name)s</b>")],
)
def test_good_translation_has_no_fault(original: str, text: str) -> None:
    assert list(checks.faults(Message(original, text), "zh_Hans")) == []
