"""One payment, webhook or gateway that goes wrong each time holds up no others; what is odd is told."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from accounts.models import User
from accounts.topups import methods
from accounts.topups.errors import OverCap, TooManyOpen
from accounts.topups.gateways.base import Gateway, Paid, Reading, Refused, Stage, Unreachable
from accounts.topups.models import Method, Payout, Review, TopUp, TopUpState, TopUpTerms, WebhookEvent
from accounts.topups.services import confirming, inbox
from accounts.topups.services.confirming import follow_due
from accounts.topups.services.mailing import mail_credits
from accounts.topups.services.starting import start_top_up
from accounts.topups.services.timing import next_read
from accounts.wallet import services as wallet
from jiema.alarms.models import Alarm
from jiema.watch import look_around
from tests.conftest import NOW, make_user, unguard
from tests.paying import paid, pay, pay_in, wish
from tests.topups.test_taken_back_once import balance

pytestmark = pytest.mark.django_db


class Counter(Gateway):
    """Answers as it was told for each wish; else that nothing came."""

    def __init__(self) -> None:
        self.answers: dict[str, Reading | Exception] = {}
        self.asked: list[str] = []

    def read(self, ref: str) -> Reading:
        self.asked.append(ref)
        answer = self.answers.get(ref, Reading(Stage.OPEN))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def paid_since(self, moment: datetime) -> Iterator[Paid]:
        return iter(())


@pytest.fixture
def counters(monkeypatch: pytest.MonkeyPatch) -> dict[str, Counter]:
    made = {"sandbox": Counter(), "stripe": Counter()}
    monkeypatch.setattr(methods, "gateway", lambda code: made[code])
    monkeypatch.setattr(methods, "is_configured", lambda code: code in made)
    return made


def due(top_up: TopUp, seconds: float = 1) -> TopUp:
    TopUp.objects.filter(pk=top_up.pk).update(next_read_at=NOW - timedelta(seconds=seconds))
    return top_up


def test_a_wish_that_its_gateway_refuses_holds_up_no_others(bob: User, counters: dict[str, Counter]) -> None:
    strange, other = due(wish(bob, 500), 2), due(wish(bob, 700))
    counters["sandbox"].answers = {
        strange.gateway_ref: Refused("no such session"),
        other.gateway_ref: Reading(Stage.OPEN, (paid(other),)),
    }
    assert (follow_due(), balance(bob)) == (1, 700)


def test_a_wish_that_its_gateway_refuses_is_asked_about_less_and_less(bob: User, counters: dict[str, Counter]) -> None:
    strange = due(wish(bob, 500))
    TopUp.objects.update(state=TopUpState.EXPIRED, created_at=NOW - timedelta(days=31))
    counters["sandbox"].answers = {strange.gateway_ref: Refused("no such session")}
    follow_due()
    strange.refresh_from_db()
    assert strange.next_read_at is None


def test_a_silent_gateway_leaves_the_turn_to_the_others(
    bob: User, counters: dict[str, Counter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of its wishes takes all the time of a tick."""
    monkeypatch.setattr(confirming, "SECONDS_AT_MOST", -1)
    for seconds in range(10, 20):
        mute = due(wish(bob, 500, "stripe"), seconds)
        counters["stripe"].answers[mute.gateway_ref] = Unreachable("timeout")
    good = due(wish(bob, 700))
    counters["sandbox"].answers[good.gateway_ref] = Reading(Stage.OPEN, (paid(good),))
    assert [follow_due(), follow_due()] == [0, 1]
    assert (balance(bob), len(counters["stripe"].asked)) == (700, 1)


def test_a_webhook_that_fails_each_time_waits_behind_the_others(bob: User, counters: dict[str, Counter]) -> None:
    counters["sandbox"].answers = {"cs_strange": Refused("no such session")}
    long_ago = NOW - timedelta(days=1)
    for number in range(60):
        WebhookEvent.objects.create(
            gateway="sandbox", event_id=f"evt_{number}", kind="x", ref="cs_strange", tries=9, received_at=long_ago
        )
    top_up = wish(bob, 500)
    counters["sandbox"].answers[top_up.gateway_ref] = Reading(Stage.OPEN, (paid(top_up),))
    WebhookEvent.objects.create(
        gateway="sandbox",
        event_id="evt_good",
        kind="x",
        ref=top_up.gateway_ref,
        tries=1,
        received_at=NOW - timedelta(minutes=1),
    )
    inbox.handle_waiting()
    assert balance(bob) == 500


def test_addresses_that_nobody_reaches_hold_up_no_others(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(55):
        pay_in(bob, 100)
    pay_in(make_user("dora"), 100)
    send = EmailBackend.send_messages

    def refuse(self: EmailBackend, messages: list[mail.EmailMessage]) -> int:
        if messages[0].to == ["bob@example.com"]:
            raise SMTPRecipientsRefused({"bob@example.com": (450, b"mailbox is full")})
        return send(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    for _ in range(30):
        mail_credits()
    assert [each.to for each in mail.outbox] == [["dora@example.com"]]


def test_what_waits_counts_for_the_cap(bob: User, till: None) -> None:
    TopUpTerms.objects.create(pk=1, balance_cap_cents=2000)
    start_top_up(bob.pk, "bank", 1500)
    with pytest.raises(OverCap, match=r"pay in \$5\.00 or less"):
        start_top_up(bob.pk, "bank", 501)
    assert start_top_up(bob.pk, "bank", 500).amount_cents == 500


def test_what_ran_out_counts_for_nothing(bob: User, till: None) -> None:
    """Also where its gateway is gone, so that nobody writes that it expired."""
    TopUpTerms.objects.create(pk=1, balance_cap_cents=2000)
    for _ in range(10):
        wish(bob, 1500, Method.STRIPE)
    TopUp.objects.update(expires_at=NOW - timedelta(seconds=1))
    assert start_top_up(bob.pk, "bank", 2000).amount_cents == 2000


def test_a_transfer_on_its_way_still_counts(bob: User, till: None) -> None:
    for _ in range(10):
        wish(bob, 100, Method.BANK)
    TopUp.objects.update(expires_at=NOW - timedelta(seconds=1), state=TopUpState.PENDING)
    with pytest.raises(TooManyOpen):
        start_top_up(bob.pk, "bank", 100)


def test_an_address_is_read_for_good(bob: User) -> None:
    """People pay to addresses that they have saved."""
    top_up = wish(bob, 500, Method.TRON)
    TopUp.objects.update(created_at=NOW - timedelta(days=400), state=TopUpState.EXPIRED)
    top_up.refresh_from_db()
    again = next_read(top_up)
    assert again is not None
    assert timedelta(days=6) < again - timezone.now() <= timedelta(days=7)


@pytest.mark.parametrize("is_paid", [False, True])
def test_a_payment_of_another_wish_is_told_and_not_taken(bob: User, carol: User, is_paid: bool) -> None:
    hers = pay(wish(carol, 700), ref="the-one")
    his = wish(bob, 500)
    if is_paid:
        pay(his)
    before = balance(bob)
    pay(his, ref="the-one", amount=Decimal(7))
    hers.refresh_from_db()
    assert (hers.state, hers.refunded_cents, balance(bob)) == ("credited", 0, before)
    assert Review.objects.get(subject=f"the-one for {his.pk}").finding == "unknown"


def reserved(user: User, minutes_ago: int, state: str = "created") -> None:
    top_up = pay_in(user, 500)
    unguard()
    made = NOW - timedelta(minutes=minutes_ago)
    payout = Payout.objects.create(top_up=top_up, amount_cents=100, amount=1, state=state, reason="asked", actor="ops")
    Payout.objects.filter(pk=payout.pk).update(created_at=made)
    wallet.pay_out(user.pk, 100, top_up.gateway, top_up.pk, payout.pk)
    TopUp.objects.filter(pk=top_up.pk).update(refunded_cents=100)


@pytest.mark.parametrize(("minutes", "state"), [(11, "created"), (15 * 24 * 60, "pending")])
def test_a_pay_back_that_its_gateway_never_ends_is_told(bob: User, minutes: int, state: str) -> None:
    """Its keys are gone, say."""
    reserved(bob, minutes, state)
    look_around()
    assert Alarm.objects.filter(code="payouts_waiting", cleared_at=None).count() == 1


@pytest.mark.parametrize(("minutes", "state"), [(9, "created"), (13 * 24 * 60, "pending"), (11, "done")])
def test_one_that_is_on_its_way_is_not(bob: User, minutes: int, state: str) -> None:
    reserved(bob, minutes, state)
    look_around()
    assert not Alarm.objects.filter(code="payouts_waiting").exists()


def test_what_was_paid_before_it_was_asked_for_is_no_answer(bob: User) -> None:
    """To an address that somebody had before: of a wallet that was in use, or of a backup that was restored."""
    top_up = wish(bob, 500)
    pay(top_up, at=timezone.now() - timedelta(hours=2))
    assert (top_up.state, balance(bob)) == ("created", 0)
    review = Review.objects.get()
    assert (review.finding, review.top_up) == ("unknown", top_up)
    assert "before it was asked for" in review.detail


def test_clocks_may_differ_by_some_minutes(bob: User) -> None:
    assert pay(wish(bob, 500), at=timezone.now() - timedelta(minutes=4)).state == "credited"
