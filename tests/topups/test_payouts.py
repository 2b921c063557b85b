from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from accounts.topups import methods
from accounts.topups.errors import NotPossible
from accounts.topups.gateways import base
from accounts.topups.gateways.base import Dispute, Refunded, Refunding, RefundStage
from accounts.topups.models import Payout, Review, TopUp
from accounts.topups.services import payouts
from accounts.wallet import services as wallet
from accounts.wallet.models import Wallet
from jiema.api.ids import new_id
from tests.paying import pay, pay_in


class Till(base.Gateway):
    """A gateway that answers a refund as it is told to, and counts what was refunded by its key."""

    def __init__(self) -> None:
        self.answer: Any = RefundStage.DONE
        self.refunds: dict[str, Refunding] = {}

    def refund(self, refunding: Refunding) -> Refunded:
        if isinstance(self.answer, Exception):
            raise self.answer
        self.refunds[refunding.refund_id] = refunding
        return Refunded(f"re_{refunding.refund_id}", refunding.refund_id, refunding.amount, self.answer)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Till:
    made = Till()
    monkeypatch.setattr(methods, "gateway", lambda code: made)
    return made


def balance(user: User) -> int:
    return Wallet.objects.get(user=user).balance_cents


def spend(user: User, cents: int) -> None:
    wallet.adjust(user.pk, -cents, f"spent:{new_id()}", reason="spent", actor="tests")


def pay_back(top_up: TopUp, cents: int, form: str = "") -> Payout:
    return payouts.pay_back(top_up.pk, cents, "ops", "asked for it", form or new_id())


pytestmark = pytest.mark.django_db(transaction=True)


def test_it_goes_back_to_where_it_came_from(bob: User, gateway: Till) -> None:
    top_up = pay_in(bob, 2000)
    payout = pay_back(top_up, 500)
    assert (payout.state, balance(bob)) == ("done", 1500)
    assert gateway.refunds[payout.pk] == Refunding(payout.pk, f"pay-{top_up.pk}", Decimal("5.00"), "USD")
    top_up.refresh_from_db()
    assert (top_up.state, top_up.refunded_cents) == ("credited", 500)


def test_all_of_it_makes_it_refunded(bob: User, gateway: Till) -> None:
    top_up = pay_in(bob, 2000)
    pay_back(top_up, 1500)
    pay_back(top_up, 500)
    top_up.refresh_from_db()
    assert (top_up.state, balance(bob)) == ("refunded", 0)


def test_never_more_than_is_unspent(bob: User, gateway: Till) -> None:
    top_up = pay_in(bob, 2000)
    spend(bob, 600)
    with pytest.raises(NotPossible, match=r"\$14\.00 of this top-up are unspent"):
        pay_back(top_up, 1401)
    assert (balance(bob), gateway.refunds) == (1400, {})
    assert pay_back(top_up, 1400).state == "done"


def test_what_came_first_is_spent_first(bob: User, gateway: Till) -> None:
    first, second = pay_in(bob, 1000), pay_in(bob, 1000)
    spend(bob, 700)
    assert [payouts.refundable(each) for each in (first, second)] == [300, 1000]
    pay_back(second, 1000)
    assert [payouts.refundable(each) for each in (first, second)] == [300, 0]


def test_a_gift_never_goes_out_as_money(bob: User, gateway: Till) -> None:
    top_up = pay_in(bob, 1000)
    wallet.adjust(bob.pk, 500, "gift", reason="gift", actor="ops")
    spend(bob, 1000)
    assert (payouts.refundable(top_up), balance(bob)) == (0, 500)


@pytest.mark.parametrize("cents", [0, -1, 2001])
def test_amounts_that_make_no_sense(bob: User, gateway: Till, cents: int) -> None:
    with pytest.raises(NotPossible):
        pay_back(pay_in(bob, 2000), cents)
    assert balance(bob) == 2000


def test_the_same_form_twice_is_one(bob: User, gateway: Till) -> None:
    top_up, form = pay_in(bob, 2000), new_id()
    assert pay_back(top_up, 500, form) == pay_back(top_up, 500, form)
    assert (balance(bob), len(gateway.refunds)) == (1500, 1)


def test_refused_by_the_gateway_it_is_on_the_balance_again(bob: User, gateway: Till) -> None:
    gateway.answer = base.Refused("charge is too old")
    payout = pay_back(pay_in(bob, 2000), 500)
    assert (payout.state, payout.why, balance(bob)) == ("failed", "charge is too old", 2000)
    assert Review.objects.get().finding == "payout"


def test_without_a_clear_answer_it_is_tried_again_by_the_same_key(bob: User, gateway: Till) -> None:
    gateway.answer = base.Unreachable("timeout")
    payout = pay_back(pay_in(bob, 2000), 500)
    assert (payout.state, balance(bob)) == ("created", 1500)
    gateway.answer = RefundStage.DONE
    assert payouts.send_waiting() == 1
    payout.refresh_from_db()
    assert (payout.state, list(gateway.refunds)) == ("done", [payout.pk])
    assert payouts.send_waiting() == 0


def test_one_that_fails_in_the_end_comes_back_once(bob: User, gateway: Till) -> None:
    gateway.answer = RefundStage.PENDING
    top_up = pay_in(bob, 2000)
    payout = pay_back(top_up, 500)
    failed = Refunded(f"re_{payout.pk}", payout.pk, payout.amount, RefundStage.FAILED, "account closed")
    for _ in range(3):
        pay(top_up, refunds=(failed,))
    assert (balance(bob), top_up.refunded_cents) == (2000, 0)


def test_one_that_was_done_and_failed_later_comes_back(bob: User, gateway: Till) -> None:
    top_up = pay_in(bob, 2000)
    payout = pay_back(top_up, 2000)
    pay(top_up, refunds=(Refunded(f"re_{payout.pk}", payout.pk, payout.amount, RefundStage.FAILED),))
    assert (balance(bob), top_up.state) == (2000, "credited")


def test_what_a_person_has_to_send(bob: User, gateway: Till) -> None:
    gateway.answer = base.NotSupported("a person sends it")
    payout = pay_back(pay_in(bob, 2000), 500)
    assert (payout.by_hand, payout.state, balance(bob)) == (True, "created", 1500)
    payouts.sent_by_hand(payout.pk, "tx 77")
    payout.refresh_from_db()
    assert (payout.state, payout.gateway_ref) == ("done", "tx 77")
    with pytest.raises(NotPossible):
        payouts.give_up(payout.pk, "changed my mind")


def test_what_can_not_be_sent_is_on_the_balance_again(bob: User, gateway: Till) -> None:
    gateway.answer = base.NotSupported("a person sends it")
    payout = pay_back(pay_in(bob, 2000), 500)
    payouts.give_up(payout.pk, "no such account")
    assert balance(bob) == 2000


def test_nothing_goes_back_while_it_is_disputed(bob: User, gateway: Till) -> None:
    top_up = pay_in(bob, 2000)
    pay(top_up, dispute=Dispute.OPEN, disputed=top_up.asked)
    with pytest.raises(NotPossible):
        pay_back(top_up, 100)
    pay(top_up, dispute=Dispute.LOST, disputed=top_up.asked)
    with pytest.raises(NotPossible):
        pay_back(top_up, 100)
    assert (balance(bob), gateway.refunds) == (0, {})


def test_the_fee_stays(bob: User, gateway: Till) -> None:
    top_up = pay_in(bob, 1000)
    TopUp.objects.filter(pk=top_up.pk).update(fee_cents=250)
    assert pay_back(top_up, 1000).amount == Decimal("8.00")


def test_a_refund_made_at_the_gateway_leaves_the_wallet(bob: User) -> None:
    top_up = pay_in(bob, 2000)
    by_hand = Refunded("re_dashboard", "", Decimal(5), RefundStage.DONE)
    for _ in range(2):
        pay(top_up, refunds=(by_hand,))
    assert (balance(bob), top_up.refunded_cents) == (1500, 500)
    assert Payout.objects.get().actor == "the gateway"


def test_one_that_the_wallet_does_not_hold_is_for_a_person(bob: User) -> None:
    top_up = pay_in(bob, 2000)
    spend(bob, 1900)
    pay(top_up, refunds=(Refunded("re_dashboard", "", Decimal(20), RefundStage.DONE),))
    assert (balance(bob), Payout.objects.count()) == (100, 0)
    assert Review.objects.get(finding="refund").subject == "re_dashboard"
