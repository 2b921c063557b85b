"""Deliveries on their way: signed, tried again, in order, never lost, and never in each other's way."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.models import AccountState, User
from jiema.cache import ForgivingRedisCache
from orders.models import Order
from orders.services.cancelling import cancel_order
from orders.webhooks import tasks, wire
from orders.webhooks.models import Attempt, Delivery, Endpoint, Event, Off, State
from orders.webhooks.services import announcing, desk, sending
from orders.webhooks.services.sending import WAITS, send_due
from tests.conftest import Shopper
from tests.webhooks.conftest import URL, Hook, verified
from tests.webhooks.receiver import answer, drip, flood, hang, reset

pytestmark = pytest.mark.django_db


def queue(hook: Hook, *kinds: str, order: Order | None = None, endpoint: Endpoint | None = None) -> list[Delivery]:
    return [
        Delivery.objects.create(
            endpoint=endpoint or hook.endpoint, order=order, type=kind, body=json.dumps({"type": kind, "n": number})
        )
        for number, kind in enumerate(kinds)
    ]


def only(hook: Hook) -> Delivery:
    return Delivery.objects.get(endpoint=hook.endpoint)


def test_it_is_posted_and_signed_as_the_standard_says(hook: Hook) -> None:
    (delivery,) = queue(hook, "order.received")
    assert hook.send() == 1
    (request,) = hook.receiver.requests
    assert request.line == "POST /jiema?shop=1 HTTP/1.1"
    assert request.headers["host"] == "hooks.example.com"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == delivery.pk
    assert verified(request, hook.secret) == {"type": "order.received", "n": 0}


def test_another_secret_or_body_does_not_verify(hook: Hook, alice: User) -> None:
    _, other = desk.add_endpoint(alice.pk, URL, [Event.FAILED])
    queue(hook, "order.received")
    hook.send()
    (request,) = hook.receiver.requests
    with pytest.raises(WebhookVerificationError):
        verified(request, other)
    with pytest.raises(WebhookVerificationError):
        Webhook(hook.secret).verify(request.body + " ", request.headers)


def test_a_try_is_written_down(hook: Hook) -> None:
    hook.receiver.acts = [answer(201, body=b"thank \0 you \xff")]
    queue(hook, "order.received")
    hook.send()
    attempt = Attempt.objects.get()
    assert (attempt.status, attempt.trouble, attempt.answer) == (201, "", "thank \ufffd you \ufffd")
    assert hook.receiver.requests[0].headers["webhook-signature"] == attempt.signature
    assert hook.receiver.requests[0].headers["webhook-timestamp"] == str(attempt.at)
    assert (only(hook).state, only(hook).due_at, only(hook).delivered_at is not None) == ("delivered", None, True)


def test_500_then_200_is_one_event_with_one_id(hook: Hook) -> None:
    hook.receiver.acts = [answer(500)]
    queue(hook, "order.received")
    assert hook.send() == 0
    assert only(hook).state == State.PENDING
    assert hook.send() == 0  # it is not due yet
    hook.due_now()
    assert hook.send() == 1
    first, second = hook.receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert [each.status for each in Attempt.objects.order_by("pk")] == [500, 200]


@pytest.mark.parametrize(
    ("act", "status", "trouble"),
    [
        (hang, None, "timeout"),
        (drip, None, "timeout"),
        (reset, None, "broken"),
        (b"", None, "broken"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", None, "broken"),
        (b"HTTP/1.1 200000 OK\r\n\r\n", None, "broken"),
        (answer(302, "Location: https://other.example.com/"), 302, ""),
        (answer(307, "Location: http://127.0.0.1/"), 307, ""),
        (answer(404), 404, ""),
        (answer(503), 503, ""),
    ],
)
def test_what_is_not_2xx_is_tried_again(
    hook: Hook, act: Any, status: int | None, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trouble == "timeout":
        monkeypatch.setattr(wire, "TOTAL_SECONDS", 0.5)
    hook.receiver.acts = [act]
    queue(hook, "order.received")
    assert hook.send() == 0
    attempt = Attempt.objects.get()
    assert (attempt.status, attempt.trouble) == (status, trouble)
    assert (only(hook).state, only(hook).tries_left) == ("pending", 9)
    assert hook.receiver.connections == 1


def test_of_a_gigabyte_four_kilobytes_are_read(hook: Hook) -> None:
    hook.receiver.acts = [flood]
    queue(hook, "order.received")
    assert hook.send() == 1
    assert Attempt.objects.get().answer == "x" * 4096


def test_a_certificate_of_another_name_is_refused(hook: Hook) -> None:
    Endpoint.objects.update(url="https://wrong.example.com/")
    queue(hook, "order.received")
    line = hook.receiver.line({"wrong.example.com": ["93.184.215.14"]})
    assert send_due(line) == 0
    assert (Attempt.objects.get().trouble, hook.receiver.requests) == ("tls", [])


def test_a_name_that_is_not_there(hook: Hook) -> None:
    Endpoint.objects.update(url="https://gone.example.com/")
    queue(hook, "order.received")
    assert hook.send() == 0
    assert Attempt.objects.get().trouble == "name"


def test_ten_tries_within_a_day_and_it_is_given_up(hook: Hook) -> None:
    hook.receiver.acts = [answer(500)] * 10
    queue(hook, "order.received")
    waits = []
    for _ in range(9):
        began = timezone.now()
        hook.send()
        waits.append((only(hook).due_at or began) - began)
        hook.due_now()
    hook.send()
    assert (only(hook).state, only(hook).tries_left, len(hook.receiver.requests)) == ("failed", 0, 10)
    assert all(
        timedelta(seconds=least) <= wait < timedelta(seconds=least * 1.1 + 9)  # a machine that is busy
        for least, wait in zip(WAITS, waits, strict=True)
    )
    assert all(earlier < later for earlier, later in pairwise(waits))
    assert 23 * 3600 < sum(WAITS) * 1.05 < 25 * 3600


def test_410_switches_the_endpoint_off(hook: Hook) -> None:
    hook.receiver.acts = [answer(410)]
    queue(hook, "order.received", "order.completed")
    hook.send()
    assert (hook.refresh().is_active, hook.endpoint.disabled_because) == (False, Off.GONE)
    assert [each.state for each in Delivery.objects.all()] == ["failed", "failed"]
    assert len(hook.receiver.requests) == 1


def test_one_that_fails_for_three_days_is_switched_off(hook: Hook) -> None:
    hook.receiver.acts = [answer(500)] * 2
    queue(hook, "order.received")
    hook.send()
    assert hook.refresh().failing_since is not None
    Endpoint.objects.update(failing_since=timezone.now() - timedelta(days=3, minutes=1))
    hook.due_now()
    hook.send()
    assert hook.refresh().disabled_because == Off.FAILING


def test_one_success_forgives_all(hook: Hook) -> None:
    Endpoint.objects.update(failing_since=timezone.now() - timedelta(days=4))
    queue(hook, "order.received")
    hook.send()
    assert (hook.refresh().failing_since, hook.endpoint.is_active) == (None, True)


def test_events_arrive_in_their_order(hook: Hook) -> None:
    queue(hook, *[f"event {number}" for number in range(12)])
    assert hook.send() == 12
    assert hook.told() == [f"event {number}" for number in range(12)]


def test_of_one_order_a_later_event_waits_for_the_earlier(hook: Hook, shopper: Shopper) -> None:
    """For three tries; then it goes ahead."""
    order = Order.objects.get(pk=shopper.buy()["id"])
    hook.receiver.acts = [answer(500)]
    queue(hook, "order.received", "order.completed", order=order)
    hook.send()
    assert hook.told() == ["order.received"]
    hook.due_now()
    hook.receiver.acts = [answer(500)]
    hook.send()
    hook.due_now()
    assert hook.send() == 2
    assert hook.told() == ["order.received"] * 3 + ["order.completed"]


def test_after_three_failures_a_later_event_goes_ahead(hook: Hook, shopper: Shopper) -> None:
    order = Order.objects.get(pk=shopper.buy()["id"])
    first, _ = queue(hook, "order.received", "order.completed", order=order)
    Delivery.objects.filter(pk=first.pk).update(tries_left=7, due_at=timezone.now() + timedelta(minutes=5))
    assert hook.send() == 1
    assert hook.told() == ["order.completed"]


def test_other_orders_do_not_wait(hook: Hook, shopper: Shopper) -> None:
    one, other = (Order.objects.get(pk=shopper.buy()["id"]) for _ in range(2))
    hook.receiver.acts = [answer(500)]
    queue(hook, "order.received", order=one)
    queue(hook, "order.failed", order=other)
    assert hook.send() == 1
    assert hook.told() == ["order.received", "order.failed"]


def test_while_a_secret_is_replaced_both_verify(hook: Hook, alice: User) -> None:
    new = desk.replace_secret(alice.pk, hook.endpoint.pk)
    queue(hook, "order.received")
    hook.send()
    (request,) = hook.receiver.requests
    assert verified(request, hook.secret) == verified(request, new)


@pytest.mark.parametrize("end", ["by hand", "after a day"])
def test_afterwards_only_the_new_one_does(hook: Hook, alice: User, end: str) -> None:
    new = desk.replace_secret(alice.pk, hook.endpoint.pk)
    if end == "by hand":
        desk.drop_old_secret(alice.pk, hook.endpoint.pk)
    else:
        assert timedelta(hours=23) < hook.refresh().old_until - timezone.now() <= timedelta(hours=24)  # type: ignore[operator]
        Endpoint.objects.update(old_until=timezone.now() - timedelta(seconds=1))
    queue(hook, "order.received")
    hook.send()
    (request,) = hook.receiver.requests
    assert verified(request, new)
    with pytest.raises(WebhookVerificationError):
        verified(request, hook.secret)


def test_a_secret_of_a_lost_key_holds_up_no_others(hook: Hook, carol: User) -> None:
    Endpoint.objects.update(secret="sealed by nobody")
    queue(hook, "order.received")
    good, _ = desk.add_endpoint(carol.pk, URL, list(Event))
    queue(hook, "order.failed", endpoint=good)
    assert hook.send() == 1
    assert (Attempt.objects.get(delivery__endpoint=hook.endpoint).trouble, hook.told()) == ("secret", ["order.failed"])


def test_secrets_are_sealed_in_the_database(hook: Hook) -> None:
    assert hook.secret.startswith("whsec_")
    assert hook.secret.removeprefix("whsec_") not in str(list(Endpoint.objects.values_list()))


def test_a_new_secret_key_still_reads_with_the_old_one_beside_it(hook: Hook, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    queue(hook, "order.received")
    assert hook.send() == 1
    assert verified(hook.receiver.requests[0], hook.secret)


def test_whoever_died_between_commit_and_sending_is_followed(hook: Hook) -> None:
    """It had taken the delivery; half a minute later the next tick sends it."""
    queue(hook, "order.received")
    assert sending._take() is not None
    assert hook.send() == 0
    Endpoint.objects.update(busy_until=timezone.now() - timedelta(seconds=1))
    assert hook.send() == 1


def test_whoever_died_between_sending_and_writing_sends_it_twice(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same id, so that the receiver can tell."""
    queue(hook, "order.received")
    with monkeypatch.context() as patches:
        patches.setattr(sending, "_settle", _die)
        with pytest.raises(KeyboardInterrupt):
            hook.send()
    Endpoint.objects.update(busy_until=timezone.now() - timedelta(seconds=1))
    assert hook.send() == 1
    first, second = hook.receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def _die(*_args: object) -> None:
    raise KeyboardInterrupt


def test_a_slow_endpoint_holds_up_no_others(hook: Hook, carol: User) -> None:
    """It answers only when the other one has got everything."""
    gate, told = threading.Event(), []
    quick, _ = desk.add_endpoint(carol.pk, "https://other.example.com/", list(Event))
    queue(hook, *["slow"] * 3)
    queue(hook, *["quick"] * 20, endpoint=quick)

    class Both:
        def post(self, url: str, headers: Any, body: bytes) -> wire.Outcome:
            if url == URL:
                assert gate.wait(5)
            told.append(url)
            if told.count(quick.url) == 20:
                gate.set()
            return wire.Outcome(200)

    assert send_due(Both()) == 23  # type: ignore[arg-type]
    assert told == [quick.url] * 20 + [URL] * 3


def test_an_endpoint_gets_one_at_a_time(hook: Hook) -> None:
    """Also where it is slow: the second waits for the first."""
    running: list[int] = []
    most: list[int] = []

    class Counting:
        def post(self, url: str, headers: Any, body: bytes) -> wire.Outcome:
            running.append(1)
            most.append(len(running))
            time.sleep(0.05)
            running.pop()
            return wire.Outcome(200)

    queue(hook, *["event"] * 6)
    assert send_due(Counting()) == 6  # type: ignore[arg-type]
    assert max(most) == 1


def test_only_one_worker_sends(hook: Hook) -> None:
    queue(hook, "order.received")
    cache.add("webhooks:sender", 1, timeout=30)
    assert hook.send() == 0
    cache.delete("webhooks:sender")
    assert hook.send() == 1


def test_after_its_time_it_begins_nothing_new(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SECONDS_AT_MOST", -1.0)
    queue(hook, "order.received")
    assert hook.send() == 0
    assert hook.receiver.connections == 0


def test_one_that_waits_for_its_resolver_is_not_waited_for(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", -0.9)
    gate = threading.Event()

    class Stuck:
        def post(self, url: str, headers: Any, body: bytes) -> wire.Outcome:
            gate.wait(10)
            return wire.Outcome(200)

    queue(hook, "order.received")
    assert send_due(Stuck()) == 0  # type: ignore[arg-type]
    gate.set()
    assert Attempt.objects.get().trouble == "timeout"


def test_a_blocked_account_is_sent_nothing(hook: Hook, alice: User) -> None:
    queue(hook, "order.received")
    User.objects.filter(pk=alice.pk).update(state=AccountState.SUSPENDED)
    assert hook.send() == 0
    assert hook.receiver.connections == 0


def test_no_transaction_is_open_while_it_waits(transactional_db: None, hook: Hook) -> None:
    seen: list[bool] = []
    real = sending._is_lost

    def look(parcel: Any) -> bool:
        seen.append(connection.in_atomic_block)
        return real(parcel)

    hook.receiver.acts = [lambda sock: (time.sleep(0.3), sock.sendall(answer(200)))]
    queue(hook, "order.received")
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(sending, "_is_lost", look)
        assert hook.send() == 1
    assert set(seen) == {False}


def test_two_workers_take_each_delivery_once(transactional_db: None, hook: Hook) -> None:
    queue(hook, *["event"] * 4)

    def take(_: int) -> Delivery | None:
        try:
            return sending._take()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        taken = [each for each in pool.map(take, range(4)) if each]
    assert len(taken) == 1


def test_the_commit_nudges_the_worker(
    transactional_db: None, shopper: Shopper, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(announcing.current_app, "send_task", lambda name, **options: sent.append(name))
    order_id = shopper.buy()["id"]
    with transaction.atomic():
        cancel_order(shopper.user.pk, order_id)
        assert sent == []
    assert sent == [tasks.send.name]
    cache.set(announcing.NUDGED, 1, timeout=60)  # however slow this machine is
    announcing.nudge()
    assert sent == [tasks.send.name]  # at most once a second


def test_a_nudge_that_is_lost_is_no_fault(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: object, **_options: object) -> None:
        raise announcing.OperationalError

    monkeypatch.setattr(announcing.current_app, "send_task", away)
    announcing.nudge()
    queue(hook, "order.received")
    assert hook.send() == 1


def test_while_valkey_is_away_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    sent: list[str] = []
    monkeypatch.setattr(announcing.current_app, "send_task", lambda name, **options: sent.append(name))
    away = ForgivingRedisCache("redis://127.0.0.1:1/0", {"OPTIONS": {"socket_connect_timeout": 0.3}})
    with monkeypatch.context() as patches:
        patches.setattr(announcing, "cache", away)
        announcing.nudge()
    assert sent == []
    announcing.nudge()
    assert sent == [tasks.send.name]


def test_a_nudge_that_fails_undoes_nothing(
    transactional_db: None, shopper: Shopper, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it fails by: the change is committed, and so is its event."""
    monkeypatch.setattr(announcing.current_app, "send_task", _fail)
    order_id = shopper.buy()["id"]
    cancel_order(shopper.user.pk, order_id)
    assert (Order.objects.get().status, Delivery.objects.count()) == ("CANCELLED", 1)


def _fail(*_args: object, **_options: object) -> None:
    raise RuntimeError
