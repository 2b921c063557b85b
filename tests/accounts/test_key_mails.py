"""Whoever has an account hears of each new token of it."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from django.core import mail
from django.db.models.functions import Now

from accounts import services as accounts
from accounts.keys import mails
from accounts.keys.mails import mail_new_tokens
from accounts.models import ApiKey, User


def test_a_new_key_is_told_once(alice: User) -> None:
    key, token = accounts.create_api_key(alice.pk, "bot")
    assert [mail_new_tokens(), mail_new_tokens()] == [1, 0]
    (message,) = mail.outbox
    assert (message.subject, message.to) == ("New API key: bot", [alice.email])
    assert key.prefix in message.body
    assert "http://127.0.0.1:8000/account/api-keys" in message.body
    assert token not in message.body


def test_a_rotation_is_told(alice: User) -> None:
    key, _ = accounts.create_api_key(alice.pk, "bot")
    mail_new_tokens()
    changed, _ = accounts.rotate_api_key(alice.pk, key.pk, key.prefix, timedelta(hours=1))
    assert mail_new_tokens() == 1
    assert mail.outbox[-1].subject == "New token for your API key bot"
    assert changed.prefix in mail.outbox[-1].body


def test_a_change_or_the_end_of_a_key_is_not_told(alice: User) -> None:
    key, _ = accounts.create_api_key(alice.pk, "bot")
    mail_new_tokens()
    accounts.change_key_limits(alice.pk, key.pk, "bot 2", accounts.KeyLimits())
    accounts.revoke_api_key(alice.pk, key.pk)
    assert mail_new_tokens() == 0


def test_it_comes_in_the_customers_language(alice: User) -> None:
    User.objects.update(lang="id")
    accounts.create_api_key(alice.pk, "a\nname")
    assert mail_new_tokens() == 1
    assert "\n" not in mail.outbox[0].subject


def test_what_is_two_days_old_is_not_told(alice: User) -> None:
    accounts.create_api_key(alice.pk, "bot")
    ApiKey.objects.update(mail_due_at=Now() - timedelta(days=2))
    assert mail_new_tokens() == 0


def test_a_mail_server_that_is_away_delays_it(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.create_api_key(alice.pk, "bot")

    def away(*args: object, **context: object) -> None:
        raise SMTPServerDisconnected

    with monkeypatch.context() as patches:
        patches.setattr(mails.mail, "send", away)
        assert mail_new_tokens() == 0
    assert mail_new_tokens() == 1


def test_an_address_that_is_refused_is_not_tried_again(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.create_api_key(alice.pk, "bot")

    def refuse(*args: object, **context: object) -> None:
        raise SMTPRecipientsRefused({alice.email: (550, b"unknown")})

    with monkeypatch.context() as patches:
        patches.setattr(mails.mail, "send", refuse)
        assert mail_new_tokens() == 0
    assert mail_new_tokens() == 0
