"""What goes back to where it came from, and what is taken back, is never given out twice."""

import threading
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from accounts.models import User
from accounts.topups.errors import NotPossible
from accounts.topups.gateways.base import (
    Dispute,
    NotSupported,
    Refunded,
    Refunding,
    RefundStage,
    Refused,
    Unreachable,
)
from accounts.topups.models import Payout, Review, TopUp
from accounts.topups.services import payouts
from accounts.wallet import services as wallet
from accounts.wallet.models import Debt, Entry, Kind, Wallet
from jiema.api.ids import new_id
from tests.conftest import NOW
from tests.paying import pay, pay_in
from tests.topups.test_payouts import Till, balance, gateway, pay_back, spend

__all__ = ["gateway"]
pytestmark = pytest.mark.django_db(transaction=True)


def refund(payout: Payout, stage: RefundStage) -> Refunded:
    return Refunded(f"re_{payout.pk}", payout.pk, payout.amount, stage)


def lost(top_up: TopUp, dollars: int, *refunds: Refunded) -> TopUp:
    return pay(top_up, dispute=Dispute.LOST, disputed=Decimal(dollars), refunds=refunds)


def test_a_refund_that_fails_after_all_was_lost_gives_nothing_back(bob: User, gateway: Till) -> None:
    gateway.answer = RefundStage.PENDING
    top_up = pay_in(bob, 5000)
    payout = pay_back(top_up, 2000)
    lost(top_up, 50, refund(payout, RefundStage.PENDING))
    lost(top_up, 50, refund(payout, RefundStage.FAILED))
    assert balance(bob) == 0


def test_a_refund_that_fails_after_a_part_was_lost_gives_back_what_is_left(bob: User, gateway: Till) -> None:
    gateway.answer = RefundStage.PENDING
    top_up = pay_in(bob, 5000)
    payout = pay_back(top_up, 2000)
    lost(top_up, 40, refund(payout, RefundStage.PENDING))
    lost(top_up, 40, refund(payout, RefundStage.FAILED))
    assert balance(bob) == 1000


def test_a_second_dispute_that_is_lost_is_taken_back_too(bob: User) -> None:
    top_up = pay_in(bob, 5000)
    for dollars in (10, 10, 50, 10, 50):
        lost(top_up, dollars)
    assert balance(bob) == 0
    taken = Entry.objects.filter(kind=Kind.CHARGEBACK).order_by("pk").values_list("amount_cents", flat=True)
    assert list(taken) == [-1000, -4000]


def test_what_a_second_dispute_takes_may_be_owed(bob: User) -> None:
    top_up = pay_in(bob, 5000)
    spend(bob, 3500)
    for dollars in (10, 50):
        lost(top_up, dollars)
    assert (balance(bob), Debt.objects.get().amount_cents) == (0, 3500)


def test_a_refund_that_was_made_though_it_was_called_refused_leaves_the_wallet(bob: User, gateway: Till) -> None:
    """No answer, then a key without the right to refunds: the gateway had done it the first time."""
    gateway.answer = Unreachable("timeout")
    top_up = pay_in(bob, 5000)
    payout = pay_back(top_up, 2000)
    gateway.answer = Refused("no permission")
    payouts.send_waiting()
    assert balance(bob) == 5000
    for _ in range(2):
        pay(top_up, refunds=(refund(payout, RefundStage.DONE),))
    assert (balance(bob), top_up.refunded_cents) == (3000, 2000)


def test_an_old_reading_of_a_refund_that_failed_takes_nothing(bob: User, gateway: Till) -> None:
    gateway.answer = RefundStage.PENDING
    top_up = pay_in(bob, 5000)
    payout = pay_back(top_up, 2000)
    for stage in (RefundStage.FAILED, RefundStage.PENDING, RefundStage.DONE):
        pay(top_up, refunds=(refund(payout, stage),))
    assert (balance(bob), top_up.refunded_cents) == (5000, 0)


def test_what_a_person_settled_is_not_booked_by_itself_later(bob: User) -> None:
    top_up = pay_in(bob, 2000)
    spend(bob, 2000)
    by_hand = Refunded("re_dashboard", "", Decimal(20), RefundStage.DONE)
    pay(top_up, refunds=(by_hand,))
    Review.objects.filter(finding="refund").update(settled_at=NOW, settled_by="ops", note="ours to bear")
    pay_in(bob, 2000)
    pay(top_up, refunds=(by_hand,))
    assert (balance(bob), Payout.objects.count()) == (2000, 0)


def test_what_the_wallet_pays_in_the_end_needs_nobody(bob: User) -> None:
    top_up = pay_in(bob, 2000)
    spend(bob, 2000)
    by_hand = Refunded("re_dashboard", "", Decimal(20), RefundStage.DONE)
    pay(top_up, refunds=(by_hand,))
    pay_in(bob, 2000)
    pay(top_up, refunds=(by_hand,))
    assert balance(bob) == 0
    assert Review.objects.get(finding="refund").settled_at is not None


def beside(first: Callable[[], object], second: Callable[[], object]) -> list[str]:
    """The second waits for locks that the first, not yet committed, holds. What was refused."""
    refused = []

    def run() -> None:
        try:
            second()
        except NotPossible as refusal:
            refused.append(refusal.message)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        first()
        thread.start()
        end = time.monotonic() + 5
        while not _waits() and thread.is_alive() and time.monotonic() < end:
            time.sleep(0.01)
    thread.join()
    return refused


def _waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(cursor.fetchone()[0])


def test_what_is_spent_meanwhile_goes_not_back(bob: User, gateway: Till) -> None:
    """The second top-up's money is not the first one's."""
    first, _second = pay_in(bob, 1000), pay_in(bob, 1000)
    refused = beside(lambda: spend(bob, 1000), lambda: pay_back(first, 1000))
    assert refused == ["$0.00 of this top-up are unspent: that is the most that can go back."]
    assert (balance(bob), gateway.refunds) == (1000, {})


def test_sent_and_given_up_at_once_is_one_of_them(bob: User, gateway: Till) -> None:
    gateway.answer = NotSupported("a person sends it")
    payout = pay_back(pay_in(bob, 2000), 500)
    refused = beside(lambda: payouts.sent_by_hand(payout.pk, "tx 77"), lambda: payouts.give_up(payout.pk, "no"))
    payout.refresh_from_db()
    assert (refused, payout.state, balance(bob)) == (
        ["Only what a person has to send is settled by a person, once."],
        "done",
        1500,
    )


def test_a_pay_back_of_an_old_top_up_is_followed(bob: User, gateway: Till) -> None:
    gateway.answer = RefundStage.PENDING
    top_up = pay_in(bob, 2000)
    TopUp.objects.update(created_at=NOW, next_read_at=None)
    pay_back(top_up, 500)
    top_up.refresh_from_db()
    assert top_up.next_read_at is not None


def test_many_that_get_no_answer_hold_up_no_others(bob: User, gateway: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    top_up = pay_in(bob, 5000)
    gateway.answer = Unreachable("timeout")
    stuck = {pay_back(top_up, 100).pk for _ in range(25)}
    asked: set[str] = set()

    def refund_of(refunding: Refunding) -> Refunded:
        asked.add(refunding.refund_id)
        raise Unreachable("timeout")

    monkeypatch.setattr(gateway, "refund", refund_of)
    for _ in range(60):
        payouts.send_waiting()
    assert asked == stuck


def test_the_same_form_of_another_top_up_is_refused(bob: User, gateway: Till) -> None:
    form = new_id()
    pay_back(pay_in(bob, 1000), 500, form)
    with pytest.raises(NotPossible):
        pay_back(pay_in(bob, 1000), 500, form)


def test_a_debt_is_paid_before_anything_goes_back(bob: User, gateway: Till) -> None:
    top_up = pay_in(bob, 1000)
    spend(bob, 1000)
    lost(top_up, 10)
    assert wallet.open_debts(bob.pk).count() == 1
    assert payouts.refundable(pay_in(bob, 1500)) == 500


@pytest.mark.parametrize("cents", [1000, 2000, 700])
def test_a_part_is_paid_back_to_the_cent(bob: User, gateway: Till, cents: int) -> None:
    """A third of thirty dollars is ten, not nine ninety-nine."""
    assert pay_back(pay_in(bob, 3000), cents).amount == Decimal(cents) / 100


def test_the_database_takes_no_part_back_before_the_first(bob: User) -> None:
    top_up = pay_in(bob, 1000)
    with pytest.raises(IntegrityError, match="it takes no credited payment back"):
        take(bob, top_up, 500, f"topup:{top_up.pk}:500")


def test_the_database_takes_no_more_back_in_parts_than_came(bob: User) -> None:
    top_up = pay_in(bob, 1000)
    pay_in(bob, 1000)
    lost(top_up, 6)
    with pytest.raises(IntegrityError, match="it takes no credited payment back"):
        take(bob, top_up, 401, f"topup:{top_up.pk}:600")
    take(bob, top_up, 400, f"topup:{top_up.pk}:600")


def take(user: User, top_up: TopUp, cents: int, reference: str) -> None:
    """Past the wallet's services."""
    with transaction.atomic():
        Wallet.objects.filter(pk=user.pk).update(balance_cents=F("balance_cents") - cents)
        Entry.objects.create(
            wallet_id=user.pk,
            kind=Kind.CHARGEBACK,
            counter_account=f"gateway:{top_up.gateway}",
            amount_cents=-cents,
            balance_after=balance(user),
            reference=reference,
        )
