from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.mofile import write_mo
from django.core import mail as outbox
from django.utils import translation
from pytest_django import Settings

from accounts import mail
from accounts.models import Language, User
from accounts.topups.models import TopUp

AMOUNTS = {"balance": 100, "threshold": 500}


def sent() -> outbox.EmailMessage:
    (message,) = outbox.outbox
    return message


def test_a_mail_is_plain_text_to_its_customer(bob: User) -> None:
    mail.send(bob, "low_balance", **AMOUNTS)
    message = sent()
    assert (message.subject, message.to) == ("Your balance is $1.00", ["bob@example.com"])
    assert (message.from_email, message.content_subtype) == ("jiema <noreply@localhost>", "plain")
    assert message.extra_headers == {"Auto-Submitted": "auto-generated"}


def test_a_mail_says_where_to_go(bob: User, settings: Settings) -> None:
    settings.SITE_URL = "https://shop.example.com"
    mail.send(bob, "low_balance", **AMOUNTS)
    body = sent().body
    assert "Your balance at jiema is $1.00. You wanted to know when it is under $5.00." in body
    assert "\nhttps://shop.example.com/account/top-up\n" in body
    assert "\nhttps://shop.example.com/account/notices\n" in body


def test_nothing_is_escaped_and_a_subject_is_one_line(bob: User) -> None:
    mail.send(bob, "top_up_credited", top_up=TopUp(credited_cents=100, gateway="bank"), page="/?a='1'&b=<2>")
    assert sent().subject == "$1.00 are on your balance"
    assert "Payment and receipt: /?a='1'&b=<2>\n" in sent().body


@pytest.mark.parametrize("lang", Language)
def test_every_language_of_an_account_can_be_written_to(bob: User, lang: str) -> None:
    bob.lang = lang
    mail.send(bob, "low_balance", **AMOUNTS)
    assert {"en": "$1.00", "id": "US$1,00", "ms": "USD1.00", "zh": "US$1.00"}[lang] in sent().subject


def test_a_mail_is_in_its_readers_language(bob: User, tmp_path: Path, settings: Settings) -> None:
    catalog = Catalog(locale="id")
    catalog.add("Your balance is %(balance)s", "Saldo Anda %(balance)s", flags=["python-format"])
    (tmp_path / "id/LC_MESSAGES").mkdir(parents=True)
    with (tmp_path / "id/LC_MESSAGES/django.mo").open("wb") as file:
        write_mo(file, catalog)
    settings.LOCALE_PATHS = [tmp_path]
    bob.lang = "id"
    mail.send(bob, "low_balance", **AMOUNTS)
    assert (sent().subject, translation.get_language()) == ("Saldo Anda US$1,00", "en")
