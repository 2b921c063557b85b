"""What is forgotten when, and whom we tell that we switched an endpoint off."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from orders.webhooks.models import Attempt, Delivery, Endpoint, Event, Off
from orders.webhooks.services import desk, keeping
from orders.webhooks.services.keeping import forget, tell_switched_off
from orders.webhooks.services.switching import switch_off
from tests.webhooks.conftest import URL, Hook

pytestmark = pytest.mark.django_db


def old(hook: Hook, hours: float, **fields: object) -> Delivery:
    wish = {"state": "delivered", "due_at": None, "body": '{"smsBody":"4711"}'} | fields
    delivery = Delivery.objects.create(endpoint=hook.endpoint, type=Event.RECEIVED, **wish)
    Attempt.objects.create(delivery=delivery, at=1, signature="v1,x", status=200, answer="got 4711", took_ms=1)
    Delivery.objects.filter(pk=delivery.pk).update(created_at=timezone.now() - timedelta(hours=hours))
    return delivery


def test_bodies_and_answers_go_after_72_hours(hook: Hook) -> None:
    young, aged = old(hook, 71), old(hook, 73)
    forget()
    assert list(Delivery.objects.filter(body=None)) == [aged]
    assert [each.answer for each in Attempt.objects.order_by("pk")] == ["got 4711", ""]
    assert young.attempts.count() == aged.attempts.count() == 1


def test_however_many_there_are_all_go_a_few_at_a_time(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "ROWS_AT_ONCE", 2)
    for hours in (73, 73, 73, 24 * 30 + 1, 24 * 30 + 1, 24 * 30 + 1):
        old(hook, hours)
    with CaptureQueriesContext(connection) as queries:
        forget()
    assert list(Delivery.objects.values_list("body", flat=True)) == [None] * 3
    assert sum('SET "body" = NULL' in query["sql"] for query in queries) == 3


def test_one_without_a_body_is_given_up(hook: Hook) -> None:
    """An account that was blocked for so long, say."""
    old(hook, 73, state="pending", due_at=timezone.now())
    forget()
    assert [each.state for each in Delivery.objects.all()] == ["failed"]
    assert hook.send() == 0


def test_deliveries_go_after_30_days(hook: Hook) -> None:
    old(hook, 24 * 30 + 1)
    young = old(hook, 24 * 30 - 1)
    forget()
    assert list(Delivery.objects.all()) == [young]
    assert Attempt.objects.count() == 1


def test_a_deleted_endpoint_goes_with_its_last_delivery(hook: Hook, alice: User) -> None:
    kept, _ = desk.add_endpoint(alice.pk, URL, list(Event))
    desk.delete_endpoint(alice.pk, hook.endpoint.pk)
    forget()
    assert Endpoint.objects.count() == 2
    Endpoint.objects.filter(pk=hook.endpoint.pk).update(deleted_at=timezone.now() - timedelta(days=31))
    forget()
    assert list(Endpoint.objects.all()) == [kept]


@pytest.mark.parametrize("why", [Off.GONE, Off.FAILING])
def test_a_mail_tells_once_that_we_switched_it_off(hook: Hook, why: Off) -> None:
    switch_off(hook.endpoint, why)
    assert [tell_switched_off(), tell_switched_off()] == [1, 0]
    (sent,) = mail.outbox
    assert sent.to == ["alice@example.com"]
    assert sent.subject == "Your webhook endpoint was switched off"
    for words in (URL, str(why.label), f"/account/webhooks/{hook.endpoint.pk}"):
        assert words in sent.body


@pytest.mark.parametrize("why", [Off.BY_CUSTOMER, Off.BY_STAFF])
def test_what_a_person_switched_off_is_not_mailed(hook: Hook, why: Off) -> None:
    switch_off(hook.endpoint, why)
    assert (tell_switched_off(), mail.outbox) == (0, [])


def test_a_mail_server_that_is_away_delays_it(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: EmailBackend, messages: object) -> int:
        raise SMTPServerDisconnected

    switch_off(hook.endpoint, Off.GONE)
    with monkeypatch.context() as patches:
        patches.setattr(EmailBackend, "send_messages", away)
        assert tell_switched_off() == 0
    assert tell_switched_off() == 1


def test_one_that_is_on_again_and_off_again_is_told_again(hook: Hook, alice: User) -> None:
    for _ in range(2):
        switch_off(hook.endpoint, Off.GONE)
        assert tell_switched_off() == 1
        desk.enable(alice.pk, hook.endpoint.pk)
