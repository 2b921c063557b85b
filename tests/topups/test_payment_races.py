"""Payments with real threads: whoever comes first, once."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from threading import Barrier, Lock
from typing import Any
from unittest.mock import patch

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.topups.errors import NotPossible
from accounts.topups.gateways.base import Dispute, Notice, Refunded, Refunding, RefundStage, Refused, Unreachable
from accounts.topups.models import Method, PaymentMethod, Payout, PayoutState, TopUp, TopUpState, WebhookEvent
from accounts.topups.sandbox.cards import CardSandbox
from accounts.topups.services import bank, confirming, crediting, inbox, payouts, starting
from accounts.wallet import services as wallet
from accounts.wallet.models import Entry, Kind, Wallet
from jiema.api.errors import DomainError
from jiema.api.ids import new_id
from tests import paying
from tests.topups.cards import SECRET
from tests.topups.events import Teller

CENTS = 1000
pytestmark = pytest.mark.django_db(transaction=True)


class Till(Teller):
    """Counts its refunds, each of which it does once. before_refund: what happens while it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.refunds: dict[str, Refunded] = {}
        self.before_refund: Callable[[], None] = lambda: None
        self._turn = Lock()

    def refund(self, refunding: Refunding) -> Refunded:
        self.before_refund()
        with self._turn:
            name = refunding.refund_id
            done = Refunded(f"re-{name}", name, refunding.amount, RefundStage.DONE)
            return self.refunds.setdefault(name, done)


@pytest.fixture
def till(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Till:
    settings.SANDBOX_GATEWAY, settings.SANDBOX_GATEWAY_URL = True, "http://127.0.0.1:1"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    made = Till()
    monkeypatch.setattr("accounts.topups.methods.gateway", lambda code: made)
    return made


def at_once(*calls: Callable[[], object]) -> list[Any]:
    """What each returned, or the code of its refusal."""
    start = Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        start.wait()
        try:
            return call()
        except DomainError as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def balance(user: User) -> int:
    return Wallet.objects.get(pk=user.pk).balance_cents


def credits_of(user: User) -> list[int]:
    return list(Entry.objects.filter(kind=Kind.TOP_UP, wallet=user.pk).values_list("amount_cents", flat=True))


def test_twenty_threads_with_one_payment_credit_it_once(bob: User) -> None:
    wish = paying.wish(bob, CENTS)
    paid = paying.paid(wish)
    at_once(*[lambda: crediting.apply_payment(wish.pk, paid)] * 20)
    assert (credits_of(bob), balance(bob)) == ([CENTS], CENTS)


def test_twenty_payments_of_one_wish_are_all_credited(bob: User) -> None:
    wish = paying.wish(bob, CENTS)
    payments = [paying.paid(wish, ref=f"pay-{number}") for number in range(10)]
    at_once(*[lambda paid=paid: crediting.apply_payment(wish.pk, paid) for paid in payments * 2])
    assert (credits_of(bob), balance(bob)) == ([CENTS] * 10, 10 * CENTS)
    assert TopUp.objects.filter(again_for=wish, state=TopUpState.CREDITED).count() == 9


def test_without_the_wishs_lock_the_second_payment_is_lost(bob: User) -> None:
    """The control: it shows that the race above exists."""
    wish = paying.wish(bob, CENTS)
    both_have_read = Barrier(2)
    plain = crediting._top_up_of

    def slow(wish: TopUp, paid: Any) -> TopUp:
        both_have_read.wait()
        return plain(wish, paid)

    def apply(ref: str) -> str:
        try:
            crediting.apply_payment(wish.pk, paying.paid(wish, ref=ref))
        except DatabaseError:
            return "refused"
        return "applied"

    unlocked = patch.object(type(TopUp.objects), "select_for_update", lambda manager: manager.get_queryset())
    with unlocked, patch.object(crediting, "_top_up_of", slow):
        assert sorted(at_once(lambda: apply("one"), lambda: apply("two"))) == ["applied", "refused"]
    assert credits_of(bob) == [CENTS]


def test_one_webhook_twenty_times_at_once_is_one_event(till: Till, bob: User) -> None:
    wish = paying.wish(bob, CENTS)
    paid = paying.paid(wish)
    till.notice = lambda body, headers: Notice("evt", "paid", payment_ref=paid.ref)
    till.read_payment = lambda ref: paid
    at_once(*[lambda: inbox.receive("sandbox", b"", {})] * 20)
    assert (credits_of(bob), WebhookEvent.objects.count()) == ([CENTS], 1)
    assert WebhookEvent.objects.get().handled_at is not None


# Starting


def test_one_form_twenty_times_at_once_is_one_payment(bob: User, settings: Settings) -> None:
    PaymentMethod.objects.update_or_create(pk=Method.SANDBOX)
    with CardSandbox(secret=SECRET) as cards:
        settings.SANDBOX_GATEWAY, settings.SANDBOX_GATEWAY_URL = True, cards.url
        settings.SANDBOX_GATEWAY_SECRET = SECRET

        def start() -> str:
            return starting.open_payment(starting.start_top_up(bob.pk, Method.SANDBOX, CENTS, "form")).gateway_ref

        (ref,) = set(at_once(*[start] * 20))
        assert TopUp.objects.get().gateway_ref == ref
        assert [thing["id"] for thing in cards.till.all("checkout.session")] == [ref]


def test_twenty_forms_at_once_are_no_more_than_may_be_open(bob: User, settings: Settings) -> None:
    bank_offered()

    def start(form: str) -> str:
        return starting.start_top_up(bob.pk, Method.BANK, CENTS + int(form), form).state

    told = at_once(*[partial(start, str(number)) for number in range(20)])
    assert (told.count(TopUpState.CREATED), told.count("TOO_MANY_OPEN")) == (10, 10)
    assert TopUp.objects.count() == 10


# Pay-backs


def test_one_form_twice_at_once_pays_back_once(till: Till, alice: User) -> None:
    top_up, form = paying.pay_in(alice, CENTS), new_id()
    first, second = at_once(*[lambda: payouts.pay_back(top_up.pk, CENTS, "ops", "asked", form).pk] * 2)
    assert first == second == form
    assert list(till.refunds) == [form]
    assert (balance(alice), Payout.objects.get().state) == (2500, PayoutState.DONE)


def test_two_forms_at_once_pay_back_no_more_than_is_unspent(till: Till, alice: User) -> None:
    top_up = paying.pay_in(alice, CENTS)
    told = at_once(*[lambda: payouts.pay_back(top_up.pk, 600, "ops", "asked", new_id()).state] * 5)
    assert sorted(told) == ["NOT_POSSIBLE"] * 4 + [PayoutState.DONE]
    assert (balance(alice), len(till.refunds)) == (2900, 1)


@pytest.mark.parametrize("round_", range(5))
def test_a_pay_back_and_a_purchase_share_no_cent(till: Till, bob: User, round_: int) -> None:
    top_up = paying.pay_in(bob, CENTS)

    def buy() -> str:
        return wallet.adjust(bob.pk, -1, "bought", reason="as a purchase", actor="tests").kind

    told = at_once(lambda: payouts.pay_back(top_up.pk, CENTS, "ops", "asked", new_id()).state, buy)
    assert told in ([PayoutState.DONE, "INSUFFICIENT"], ["NOT_POSSIBLE", Kind.ADJUSTMENT])
    assert balance(bob) == (0 if told[0] == PayoutState.DONE else CENTS - 1)


def test_money_that_comes_in_meanwhile_is_not_taken_for_unspent(till: Till, bob: User) -> None:
    """The top-up is spent. While it is looked at what is left of it, a gift comes in."""
    top_up = paying.pay_in(bob, CENTS)
    wallet.adjust(bob.pk, -CENTS, "spent", reason="spent", actor="tests")
    spy = after_the_query("FROM wallet_entry came", lambda: give(bob))
    with connection.execute_wrapper(spy), pytest.raises(NotPossible):
        payouts.pay_back(top_up.pk, CENTS, "ops", "asked", new_id())
    give(bob)
    assert (balance(bob), till.refunds) == (CENTS, {})


def give(user: User) -> None:
    """If the wallet is free, once."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    try:
        wallet.adjust(user.pk, CENTS, "gift", reason="gift", actor="tests")
    except OperationalError:
        pass
    finally:
        connection.close()


def after_the_query(part: str, then: Callable[[], None]) -> Callable[..., Any]:
    """For a connection: `then` in a thread of its own, once, when such a query has been answered."""
    waiting = [then]

    def spy(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if part in sql and waiting:
            with ThreadPoolExecutor(1) as thread:
                thread.submit(waiting.pop()).result()
        return result

    return spy


def test_a_dispute_that_is_lost_while_we_pay_back_is_taken_once(till: Till, alice: User) -> None:
    """As a card's bank does with small sums: lost at once. The gateway gives nothing back of what it lost."""
    top_up = paying.pay_in(alice, CENTS)
    lost = replace(paying.paid(top_up), dispute=Dispute.LOST, disputed=Decimal(10))

    def lose() -> None:
        crediting.apply_payment(top_up.pk, lost)
        raise Refused("This charge has been charged back.")

    till.before_refund = lose
    payout = payouts.pay_back(top_up.pk, CENTS, "ops", "asked", new_id())
    crediting.apply_payment(top_up.pk, lost)
    assert payout.state == PayoutState.FAILED
    assert balance(alice) == 2500
    assert TopUp.objects.get(pk=top_up.pk).state == TopUpState.DISPUTED


@pytest.mark.parametrize("round_", range(5))
def test_a_lost_dispute_and_a_pay_back_at_once_take_it_once(till: Till, alice: User, round_: int) -> None:
    top_up = paying.pay_in(alice, CENTS)
    lost = replace(paying.paid(top_up), dispute=Dispute.LOST, disputed=Decimal(10))
    told = at_once(
        lambda: crediting.apply_payment(top_up.pk, lost),
        lambda: payouts.pay_back(top_up.pk, CENTS, "ops", "asked", new_id()).state,
    )
    assert told[1] in (PayoutState.DONE, "NOT_POSSIBLE")
    assert balance(alice) == 2500


def test_a_pay_back_that_was_refused_and_yet_done_is_taken_again(till: Till, alice: User) -> None:
    """The first try had no clear answer, the second was refused for another reason; then the gateway lists it."""
    top_up, form = paying.pay_in(alice, CENTS), new_id()
    till.before_refund = lambda: raise_(Refused("no such key"))
    assert payouts.pay_back(top_up.pk, CENTS, "ops", "asked", form).state == PayoutState.FAILED
    done = Refunded("re-1", form, Decimal(10), RefundStage.DONE)
    for _ in range(2):
        crediting.apply_payment(top_up.pk, replace(paying.paid(top_up), refunds=(done,)))
    assert balance(alice) == 2500
    assert TopUp.objects.get().state == TopUpState.REFUNDED


def test_two_people_who_settle_one_pay_back_do_it_once(till: Till, alice: User) -> None:
    """One has sent it, the other gives it up; both looked at it before either was done."""
    top_up, form = paying.pay_in(alice, CENTS), new_id()
    till.before_refund = lambda: raise_(Unreachable("no answer"))
    payouts.pay_back(top_up.pk, CENTS, "ops", "asked", form)
    Payout.objects.update(by_hand=True)
    with held(top_up.pk):
        told = at_once_behind_a_lock(
            lambda: payouts.sent_by_hand(form, "transfer 1"), lambda: payouts.give_up(form, "no account")
        )
    assert sorted(map(str, told())) == ["NOT_POSSIBLE", "None"]
    is_sent = Payout.objects.get().state == PayoutState.DONE
    assert balance(alice) == (2500 if is_sent else 3500)


def raise_(error: Exception) -> None:
    raise error


@contextmanager
def held(top_up_id: str) -> Iterator[None]:
    with transaction.atomic():
        crediting.lock_top_up(top_up_id)
        yield


def at_once_behind_a_lock(*calls: Callable[[], object]) -> Callable[[], list[Any]]:
    """Returns when all of them wait for it, with what tells of their ends."""
    threads = ThreadPoolExecutor(1)
    told = threads.submit(at_once, *calls)
    wait_until_waiting(len(calls))

    def ends() -> list[Any]:
        threads.shutdown()
        return told.result()

    return ends


def wait_until_waiting(many: int) -> None:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone() == (many,):
                return
        time.sleep(0.02)
    raise TimeoutError


# Bank transfers


def transfer(user: User, cents: int) -> TopUp:
    wish = paying.wish(user, cents, Method.BANK)
    bank.mark_sent(wish.pk, None)
    return wish


def test_the_follower_does_not_take_back_that_it_is_sent(bob: User) -> None:
    """It asks ten seconds after the start, and the bank's gateway knows nothing."""
    wish = starting.start_top_up(bob.pk, bank_offered().gateway, CENTS)
    starting.open_payment(wish)
    bank.mark_sent(wish.pk, None)
    TopUp.objects.update(next_read_at=timezone.now())
    confirming.follow_due()
    assert TopUp.objects.get().state == TopUpState.PENDING


def test_a_transfer_that_nobody_sent_expires(bob: User) -> None:
    """Else ten of them, and the customer can't pay in any more."""
    wish = starting.open_payment(starting.start_top_up(bob.pk, bank_offered().gateway, CENTS))
    TopUp.objects.update(next_read_at=timezone.now())
    confirming.follow_due()
    wish.refresh_from_db()
    assert (wish.state, wish.next_read_at) == (TopUpState.CREATED, wish.expires_at)
    TopUp.objects.update(expires_at=timezone.now(), next_read_at=timezone.now())
    confirming.follow_due()
    wish.refresh_from_db()
    assert (wish.state, wish.next_read_at) == (TopUpState.EXPIRED, None)


def bank_offered() -> PaymentMethod:
    return PaymentMethod.objects.update_or_create(pk=Method.BANK)[0]


@pytest.mark.parametrize("round_", range(5))
def test_two_people_who_approve_at_once_credit_it_once(bob: User, round_: int) -> None:
    wish = transfer(bob, CENTS)
    told = at_once(*[lambda actor=actor: bank.approve(wish.pk, Decimal(10), actor) for actor in ("eve@x", "dan@x")])
    assert sorted(map(str, told)) == ["NOT_POSSIBLE", "True"]
    assert credits_of(bob) == [CENTS]


@pytest.mark.parametrize("round_", range(5))
def test_two_people_at_once_are_two_people(bob: User, round_: int) -> None:
    wish = transfer(bob, 60_000)
    told = at_once(*[lambda actor=actor: bank.approve(wish.pk, Decimal(600), actor) for actor in ("eve@x", "dan@x")])
    assert sorted(told) == [False, True]
    assert credits_of(bob) == [60_000]


def test_one_person_at_two_screens_is_one_person(bob: User) -> None:
    wish = transfer(bob, 60_000)
    assert at_once(*[lambda: bank.approve(wish.pk, Decimal(600), "eve@x")] * 4) == [False] * 4
    assert credits_of(bob) == []
    assert TopUp.objects.get().state == TopUpState.PAID


def test_an_approval_and_a_refusal_at_once_are_one_of_them(bob: User) -> None:
    wish = transfer(bob, CENTS)
    told = at_once(lambda: bank.approve(wish.pk, Decimal(10), "eve@x"), lambda: bank.refuse(wish.pk, "dan@x", "no"))
    # Refused first, it may still be approved: it did come.
    assert told in ([True, "NOT_POSSIBLE"], [True, None])
    assert credits_of(bob) == [CENTS]
