"""Webhooks of a gateway whose words a test chooses."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.topups import methods
from accounts.topups.gateways.base import BadSignature, Gateway, Notice, Paid, Reading, Stage, Unreachable
from accounts.topups.models import PaymentMethod, Review, TopUp, WebhookEvent
from accounts.topups.services import inbox, reconciling
from accounts.topups.services.confirming import follow_due, refresh
from accounts.wallet.models import Wallet
from jiema.alarms.models import Alarm
from tests.conftest import NOW
from tests.paying import paid, pay_in, wish

pytestmark = pytest.mark.django_db


class Till(Gateway):
    def __init__(self) -> None:
        self.readings: dict[str, Reading] = {}
        self.payments: dict[str, Paid] = {}
        self.is_down = False
        self.asked = 0

    def notice(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        if headers.get("x-signature") != "good":
            raise BadSignature("no match")
        event_id, ref, payment_ref = body.decode().split(",")
        return Notice(event_id, "something.happened", ref, payment_ref)

    def read(self, ref: str) -> Reading:
        self._answer()
        return self.readings.get(ref, Reading(Stage.OPEN))

    def read_payment(self, payment_ref: str) -> Paid | None:
        self._answer()
        return self.payments.get(payment_ref)

    def paid_since(self, moment: datetime) -> Iterator[Paid]:
        self._answer()
        yield from self.payments.values()

    def _answer(self) -> None:
        self.asked += 1
        if self.is_down:
            raise Unreachable("timeout")


@pytest.fixture
def till(monkeypatch: pytest.MonkeyPatch) -> Till:
    made = Till()
    monkeypatch.setattr(methods, "gateway", lambda code: {"sandbox": made}[code])
    monkeypatch.setattr(methods, "is_configured", lambda code: code == "sandbox")
    return made


@pytest.fixture
def top_up(bob: User) -> TopUp:
    return wish(bob, 2000)


def ring(event_id: str, ref: str = "", payment_ref: str = "", signature: str = "good") -> int:
    body = f"{event_id},{ref},{payment_ref}"
    headers = {"X-Signature": signature}
    return Client().post("/webhooks/sandbox", body, "application/json", headers=headers).status_code


def balance(user: User) -> int:
    return Wallet.objects.get(user=user).balance_cents


def settle_reviews() -> None:
    Review.objects.update(settled_at=timezone.now())


def test_a_webhook_credits_what_the_gateway_says(till: Till, top_up: TopUp, bob: User) -> None:
    till.readings[top_up.gateway_ref] = Reading(Stage.OPEN, (paid(top_up),))
    assert ring("evt_1", top_up.gateway_ref) == 200
    assert balance(bob) == 2000
    assert WebhookEvent.objects.get().handled_at is not None


def test_delivered_again_it_changes_nothing(till: Till, top_up: TopUp, bob: User) -> None:
    till.readings[top_up.gateway_ref] = Reading(Stage.OPEN, (paid(top_up),))
    assert [ring("evt_1", top_up.gateway_ref) for _ in range(3)] == [200] * 3
    assert (balance(bob), WebhookEvent.objects.count(), till.asked) == (2000, 1, 1)


def test_one_that_says_paid_where_nothing_is_credits_nothing(till: Till, top_up: TopUp, bob: User) -> None:
    ring("evt_1", top_up.gateway_ref)
    assert balance(bob) == 0


def test_a_forged_one_is_refused_and_not_kept(till: Till, top_up: TopUp) -> None:
    assert ring("evt_1", top_up.gateway_ref, signature="bad") == 400
    assert (WebhookEvent.objects.count(), till.asked) == (0, 0)


@pytest.mark.parametrize("gateway", ["bank", "nothing", "tron", "stripe"])
def test_gateways_that_send_none(gateway: str) -> None:
    assert Client().post(f"/webhooks/{gateway}", b"{}", "application/json").status_code in (400, 404)
    assert not WebhookEvent.objects.exists()


def test_only_posts_and_small_ones(till: Till) -> None:
    assert Client().get("/webhooks/sandbox").status_code == 405
    assert Client().post("/webhooks/sandbox", b"x" * 600_000, "application/json").status_code == 413


def test_while_the_gateway_is_away_it_waits_in_the_inbox(till: Till, top_up: TopUp, bob: User) -> None:
    till.readings[top_up.gateway_ref] = Reading(Stage.OPEN, (paid(top_up),))
    till.is_down = True
    assert ring("evt_1", top_up.gateway_ref) == 200
    event = WebhookEvent.objects.get()
    assert (event.handled_at, event.tries, event.error) == (None, 1, "timeout")
    till.is_down = False
    WebhookEvent.objects.update(received_at=NOW - timedelta(seconds=60))
    assert inbox.handle_waiting() == 1
    assert balance(bob) == 2000


def test_it_is_tried_less_and_less_often(till: Till, top_up: TopUp) -> None:
    till.is_down = True
    ring("evt_1", top_up.gateway_ref)
    WebhookEvent.objects.update(received_at=NOW - timedelta(seconds=60), tries=5)
    inbox.handle_waiting()
    assert WebhookEvent.objects.get().tries == 5


def test_a_payment_is_found_by_what_the_gateway_was_told(till: Till, top_up: TopUp, bob: User) -> None:
    till.payments["pi_1"] = paid(top_up, ref="pi_1")
    ring("evt_1", payment_ref="pi_1")
    assert balance(bob) == 2000


def test_a_payment_of_a_wish_whose_name_was_lost(till: Till, top_up: TopUp, bob: User) -> None:
    """The process died between the gateway's answer and our note of it."""
    till.readings["cs_lost"] = Reading(Stage.OPEN, (paid(top_up),))
    ring("evt_1", "cs_lost")
    assert balance(bob) == 2000


def test_an_unknown_payment_goes_to_the_desk(till: Till, top_up: TopUp) -> None:
    till.payments["pi_9"] = paid(top_up, ref="pi_9", top_up_id="cghost")
    ring("evt_1", payment_ref="pi_9")
    review = Review.objects.get()
    assert (review.finding, review.subject, review.top_up) == ("unknown", "pi_9", None)
    assert "20 USD" in review.detail


def test_payments_of_others_on_a_shared_account_are_none_of_ours(till: Till, top_up: TopUp) -> None:
    PaymentMethod.objects.create(gateway="sandbox", is_shared=True)
    till.payments["pi_9"] = paid(top_up, ref="pi_9", top_up_id="")
    ring("evt_1", payment_ref="pi_9")
    assert not Review.objects.exists()


def test_events_about_nothing_of_ours_are_kept_and_done(till: Till) -> None:
    assert ring("evt_1") == 200
    assert (WebhookEvent.objects.get().handled_at is not None, till.asked) == (True, 0)


def test_old_events_are_forgotten(till: Till) -> None:
    ring("evt_1")
    ring("evt_2")
    WebhookEvent.objects.filter(event_id="evt_1").update(handled_at=timezone.now() - timedelta(days=91))
    assert inbox.forget_events() == 1
    assert WebhookEvent.objects.get().event_id == "evt_2"


def due(top_up: TopUp) -> None:
    TopUp.objects.filter(pk=top_up.pk).update(next_read_at=NOW - timedelta(seconds=1))


def test_what_no_webhook_told_is_found(till: Till, top_up: TopUp, bob: User) -> None:
    till.readings[top_up.gateway_ref] = Reading(Stage.OPEN, (paid(top_up),))
    due(top_up)
    assert follow_due() == 1
    assert balance(bob) == 2000


def test_a_silent_gateway_is_asked_once_a_tick(till: Till, top_up: TopUp, bob: User) -> None:
    other = wish(bob, 100)
    due(top_up)
    due(other)
    till.is_down = True
    assert (follow_due(), till.asked) == (0, 1)
    assert Alarm.objects.get(code="gateway_down", cleared_at=None).subject == "sandbox"
    till.is_down = False
    due(top_up)
    follow_due()
    assert not Alarm.objects.filter(code="gateway_down", cleared_at=None).exists()


def test_its_time_ends_without_a_payment(till: Till, top_up: TopUp) -> None:
    TopUp.objects.update(expires_at=NOW - timedelta(seconds=1))
    due(top_up)
    follow_due()
    top_up.refresh_from_db()
    assert (top_up.state, top_up.next_read_at is not None) == ("expired", True)


def test_a_late_payment_is_credited(till: Till, top_up: TopUp, bob: User) -> None:
    test_its_time_ends_without_a_payment(till, top_up)
    till.readings[top_up.gateway_ref] = Reading(Stage.EXPIRED, (paid(top_up),))
    due(top_up)
    follow_due()
    top_up.refresh_from_db()
    assert (top_up.state, top_up.is_late, balance(bob)) == ("credited", True, 2000)


def test_one_that_never_began_expires(till: Till, top_up: TopUp) -> None:
    TopUp.objects.update(gateway_ref="", expires_at=NOW - timedelta(seconds=1))
    due(top_up)
    follow_due()
    top_up.refresh_from_db()
    assert (top_up.state, till.asked) == ("expired", 0)


def test_after_thirty_days_nobody_asks_any_more(till: Till, top_up: TopUp) -> None:
    TopUp.objects.update(expires_at=NOW - timedelta(days=31), created_at=NOW - timedelta(days=31))
    due(top_up)
    follow_due()
    top_up.refresh_from_db()
    assert top_up.next_read_at is None


def test_a_page_asks_at_most_every_three_seconds(till: Till, top_up: TopUp) -> None:
    TopUp.objects.update(next_read_at=NOW + timedelta(hours=1))
    for _ in range(3):
        refresh(top_up)
    assert till.asked == 1
    TopUp.objects.update(read_at=NOW - timedelta(seconds=4))
    refresh(top_up)
    assert till.asked == 2


def test_a_page_shows_what_is_known_while_the_gateway_is_away(till: Till, top_up: TopUp) -> None:
    TopUp.objects.update(next_read_at=NOW + timedelta(hours=1))
    till.is_down = True
    assert refresh(top_up).state == "created"


def test_the_listing_finds_what_nobody_told(till: Till, top_up: TopUp, bob: User) -> None:
    till.payments["pi_1"] = paid(top_up, ref="pi_1")
    assert reconciling.reconcile() == 1
    assert balance(bob) == 2000


def test_the_listing_finds_a_credit_without_a_payment(till: Till, bob: User) -> None:
    top_up = pay_in(bob, 500)
    TopUp.objects.update(paid_at=NOW - timedelta(hours=2))
    reconciling.reconcile()
    assert Review.objects.get().detail == "credited for 5 USD, listed: nothing"
    assert Review.objects.get().top_up == top_up


def test_the_listing_finds_another_amount(till: Till, bob: User) -> None:
    top_up = pay_in(bob, 500)
    TopUp.objects.update(paid_at=NOW - timedelta(hours=2))
    till.payments["x"] = paid(top_up, amount=Decimal(4))
    reconciling.reconcile()
    assert Review.objects.get(finding="not_there").detail == "credited for 5 USD, listed: 4 USD"


def test_what_agrees_is_no_finding(till: Till, bob: User) -> None:
    top_up = pay_in(bob, 500)
    TopUp.objects.update(paid_at=NOW - timedelta(hours=2))
    till.payments["x"] = paid(top_up)
    reconciling.reconcile()
    assert not Review.objects.exists()


def test_a_finding_is_told_once_also_after_it_was_settled(till: Till, bob: User) -> None:
    pay_in(bob, 500)
    TopUp.objects.update(paid_at=NOW - timedelta(hours=2))
    reconciling.reconcile()
    settle_reviews()
    reconciling.reconcile()
    assert Review.objects.count() == 1


def test_while_a_gateway_is_away_nothing_is_compared(till: Till, bob: User) -> None:
    pay_in(bob, 500)
    TopUp.objects.update(paid_at=NOW - timedelta(hours=2))
    till.is_down = True
    reconciling.reconcile()
    assert not Review.objects.exists()
    assert Alarm.objects.filter(code="gateway_down").exists()
