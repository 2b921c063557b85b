from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from accounts.models import User
from accounts.topups.models import TopUp
from accounts.topups.services.mailing import mail_credits
from tests.paying import pay_in, wish

pytestmark = pytest.mark.django_db


def test_each_credit_is_mailed_once(bob: User) -> None:
    top_up = pay_in(bob, 1250)
    wish(bob, 700)
    assert [mail_credits(), mail_credits()] == [1, 0]
    sent = mail.outbox[0]
    assert (sent.to, sent.subject) == (["bob@example.com"], "$12.50 are on your balance")
    assert f"/account/top-up/{top_up.pk}" in str(sent.body)


def test_an_address_that_is_refused_is_not_tried_for_ever(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    pay_in(bob, 1250)

    def refuse(*args: object) -> int:
        raise SMTPRecipientsRefused({"bob@example.com": (550, b"no such mailbox")})

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    assert [mail_credits(), mail_credits()] == [0, 0]
    assert TopUp.objects.get().mailed_at is not None


def test_what_could_not_be_sent_is_sent_later(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    pay_in(bob, 1250)

    def refuse(*args: object) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patches:
        patches.setattr(EmailBackend, "send_messages", refuse)
        assert mail_credits() == 0
    assert TopUp.objects.get().mailed_at is None
    assert mail_credits() == 1
