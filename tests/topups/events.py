"""A wish as its gateway knows it from moment to moment, and the roads by which the shop learns of it."""

import json
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import permutations
from typing import Any

from django.db import connection
from django.db.models import Sum

from accounts.models import User
from accounts.topups.gateways.base import (
    Dispute,
    Gateway,
    Notice,
    Paid,
    Reading,
    Refunded,
    Refunding,
    RefundStage,
    Stage,
    Unreachable,
)
from accounts.topups.models import Finding, Payout, PayoutState, Review, TopUp, WebhookEvent
from accounts.topups.services import confirming, inbox, payouts
from accounts.wallet import services as wallet
from accounts.wallet.models import Entry, Kind, Wallet
from jiema import books
from tests import paying

CENTS = 1000
HALF = Decimal(5)


@dataclass(frozen=True)
class Moment:
    """reading: of the wish. loose: payments that the gateway does not list with the wish, as a second one by card."""

    reading: Reading
    loose: tuple[Paid, ...] = ()

    @property
    def paid(self) -> tuple[Paid, ...]:
        return (*self.reading.paid, *self.loose)


class Teller(Gateway):
    """Answers with the moment that this thread was given: now, or one that was read a while ago."""

    code = paying.GATEWAY

    def __init__(self) -> None:
        self._here = threading.local()

    def at(self, moment: Moment) -> "Teller":
        self._here.moment = moment
        return self

    def read(self, ref: str) -> Reading:
        return self._here.moment.reading

    def read_payment(self, payment_ref: str) -> Paid | None:
        return next((paid for paid in self._here.moment.paid if paid.ref == payment_ref), None)

    def refund(self, refunding: Refunding) -> Refunded:
        raise Unreachable("no answer")

    def notice(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        return Notice(**json.loads(body))


@dataclass(frozen=True)
class Delivery:
    """By which road the shop learns what was true at which moment."""

    road: str
    moment: int

    def __str__(self) -> str:
        return f"{self.road}@{self.moment}"


Order = tuple[Delivery, ...]


def take_road(teller: Teller, wish: TopUp, moments: list[Moment], delivery: Delivery) -> None:
    moment = moments[delivery.moment]
    teller.at(moment)
    ROADS[delivery.road](wish, moment, delivery)


def _page(wish: TopUp, moment: Moment, delivery: Delivery) -> None:
    """The customer looks, more than three seconds after the last look."""
    TopUp.objects.filter(pk=wish.pk).update(read_at=None)
    confirming.refresh(TopUp.objects.get(pk=wish.pk))


def _follower(wish: TopUp, moment: Moment, delivery: Delivery) -> None:
    confirming.confirm(wish)


def _reconciler(wish: TopUp, moment: Moment, delivery: Delivery) -> None:
    for paid in moment.paid:
        confirming.confirm_payment(wish.gateway, paid)


def _webhook_of_wish(wish: TopUp, moment: Moment, delivery: Delivery) -> None:
    """The same event each time: only its first delivery counts."""
    _receive(f"{delivery}-{wish.pk}", ref=wish.gateway_ref)


def _webhook_of_payment(wish: TopUp, moment: Moment, delivery: Delivery) -> None:
    """One event for each payment, and a new one each time."""
    for paid in moment.paid:
        _receive(f"{delivery}-{paid.ref}-{WebhookEvent.objects.count()}", payment_ref=paid.ref)


def _receive(event_id: str, **about: str) -> None:
    told = {"event_id": event_id, "kind": "tests", **about}
    inbox.receive(paying.GATEWAY, json.dumps(told).encode(), {})


ROADS: dict[str, Callable[[TopUp, Moment, Delivery], None]] = {
    "page": _page,
    "hook": _webhook_of_wish,
    "payment hook": _webhook_of_payment,
    "follower": _follower,
    "reconciler": _reconciler,
}


@dataclass(frozen=True)
class Script:
    """tell: what becomes of the wish, moment by moment. short: deliveries that are made in each possible order.

    keeps: US cents that the balance has more in the end. owes: of debts.
    before: what happened in order before the deliveries.
    """

    name: str
    tell: Callable[[TopUp], list[Moment]]
    short: str
    keeps: int
    owes: int = 0
    before: Callable[[Teller, TopUp, list[Moment]], None] = lambda teller, wish, moments: None

    def bag(self) -> list[Delivery]:
        """Of `short`, such as "page0 hook1*3": the roads by their first words, and the moments."""
        return [each for word in self.short.split() for each in _deliveries(word)]

    def orders(self) -> list[Order]:
        return sorted(set(permutations(self.bag())), key=str)

    def random_orders(self, seed: int, moments: int) -> Iterator[Order]:
        """Long ones, without an end: each moment at least once, and any by any road again and again."""
        chance = random.Random(f"{self.name}:{seed}")
        while True:
            order = [Delivery(chance.choice(SURE), moment) for moment in range(moments)]
            again = range(chance.randint(4, 8))
            order += [Delivery(chance.choice(list(ROADS)), chance.randrange(moments)) for _ in again]
            chance.shuffle(order)
            yield tuple(order)


SURE = ("payment hook", "reconciler")
SHORT = {"page": "page", "hook": "hook", "pay": "payment hook", "tick": "follower", "list": "reconciler"}


def _deliveries(word: str) -> list[Delivery]:
    what, _, times = word.partition("*")
    road = what.rstrip("0123456789")
    return [Delivery(SHORT[road], int(what[len(road) :]))] * int(times or 1)


@dataclass(frozen=True)
class Outcome:
    """What has to be the same whatever the order. payments: by name, with state, credit, refunds and dispute."""

    payments: dict[str, tuple[Any, ...]]
    payouts: dict[str, tuple[int, str]]
    reviews: set[tuple[str, str]]
    balance: int
    owed: int


# The others say which of two payments came first, or what was seen on the way.
FOR_ALL_ORDERS = (Finding.CURRENCY, Finding.DUST, Finding.DISPUTE, Finding.LOST, Finding.REINSTATED, Finding.REFUND)


def outcome(wish: TopUp) -> Outcome:
    """Names are without the wish's own, so that two wishes compare."""
    top_ups = TopUp.objects.filter(pk=wish.pk) | TopUp.objects.filter(again_for=wish)
    paid_back = Payout.objects.filter(top_up__in=top_ups).exclude(state=PayoutState.FAILED)
    reviews = Review.objects.filter(top_up__in=top_ups, settled_at=None, finding__in=FOR_ALL_ORDERS)

    def plain(name: str | None) -> str:
        return (name or "").replace(wish.pk, "…")

    return Outcome(
        {plain(t.payment_ref): (t.state, t.credited_cents, t.refunded_cents, t.dispute, t.why) for t in top_ups},
        {plain(p.gateway_ref): (p.amount_cents, p.state) for p in paid_back},
        {(review.finding, plain(review.subject).partition(":")[0]) for review in reviews},  # without its amount
        Wallet.objects.get(pk=wish.user_id).balance_cents,
        sum(debt.amount_cents - debt.repaid_cents for debt in wallet.open_debts(wish.user_id)),
    )


def check_money(wish: TopUp, moments: list[Moment]) -> None:
    """One credit for each payment of the last moment that is worth something, and not more for any other."""
    worthy = {paid.ref for paid in moments[-1].paid if paid.currency == wish.currency}
    top_ups = TopUp.objects.filter(pk=wish.pk) | TopUp.objects.filter(again_for=wish)
    credited = [top_up for top_up in top_ups if top_up.credited_cents]
    assert sorted(top_up.payment_ref or "" for top_up in credited) == sorted(worthy)
    for top_up in credited:
        (entry,) = Entry.objects.filter(kind=Kind.TOP_UP, reference=f"topup:{top_up.pk}")
        paid = next(paid for paid in moments[-1].paid if paid.ref == top_up.payment_ref)
        assert entry.amount_cents == top_up.credited_cents == int(paid.amount * 100)
    entries = Entry.objects.filter(wallet=wish.user_id).aggregate(total=Sum("amount_cents"))["total"]
    assert (entries or 0) == Wallet.objects.get(pk=wish.user_id).balance_cents
    assert Entry.objects.filter(wallet=wish.user_id, kind=Kind.TOP_UP).count() == len(worthy)
    assert books.breaches() == []


def new_wish(user: User) -> TopUp:
    wish = paying.wish(user, CENTS)
    TopUp.objects.filter(pk=wish.pk).update(next_read_at=wish.created_at)
    return TopUp.objects.get(pk=wish.pk)


def check_constraints_now() -> None:
    """Those that wait for the commit, which a test inside of one transaction never comes to."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


# What becomes of a wish


def _open(wish: TopUp) -> Moment:
    return Moment(Reading(Stage.OPEN))


def _only(stage: Stage, why: str = "", confirmations: int | None = None) -> Moment:
    return Moment(Reading(stage, why=why, confirmations=confirmations))


def _paid(*payments: Paid, loose: Iterable[Paid] = (), stage: Stage = Stage.PENDING) -> Moment:
    return Moment(Reading(stage, payments), tuple(loose))


def _refund(name: str, stage: RefundStage, amount: Decimal = HALF, refund_id: str = "") -> Refunded:
    return Refunded(ref=name, refund_id=refund_id, amount=amount, stage=stage, why="no" if stage == "failed" else "")


def _disputed(paid: Paid, dispute: Dispute, amount: Decimal | None = None) -> Paid:
    return replace(paid, dispute=dispute, disputed=amount or paid.amount)


def everything(wish: TopUp) -> list[Moment]:
    """Expired, then paid late, a part refunded, and the rest disputed."""
    paid = paying.paid(wish)
    refunded = replace(paid, refunds=(_refund("re", RefundStage.DONE),))
    disputed = _disputed(refunded, Dispute.OPEN, HALF)
    late = [_paid(each, stage=Stage.EXPIRED) for each in (paid, refunded, disputed)]
    return [_open(wish), _only(Stage.EXPIRED), *late]


def at_once(wish: TopUp) -> list[Moment]:
    return [_open(wish), _paid(paying.paid(wish))]


def expired(wish: TopUp) -> list[Moment]:
    return [_open(wish), _only(Stage.EXPIRED)]


def late(wish: TopUp) -> list[Moment]:
    return [*expired(wish), _paid(paying.paid(wish), stage=Stage.EXPIRED)]


def by_bank(wish: TopUp) -> list[Moment]:
    return [_open(wish), _only(Stage.PENDING), _paid(paying.paid(wish))]


def bank_says_no(wish: TopUp) -> list[Moment]:
    return [_open(wish), _only(Stage.PENDING), _only(Stage.FAILED, "The payment failed.")]


def over_a_chain(wish: TopUp) -> list[Moment]:
    seen = [_only(Stage.PENDING, confirmations=number) for number in (1, 18)]
    return [_open(wish), *seen, _paid(paying.paid(wish))]


def won(wish: TopUp) -> list[Moment]:
    return _after_dispute(wish, Dispute.OPEN, Dispute.WON)


def lost(wish: TopUp) -> list[Moment]:
    return _after_dispute(wish, Dispute.OPEN, Dispute.LOST)


def won_on_appeal(wish: TopUp) -> list[Moment]:
    return _after_dispute(wish, Dispute.OPEN, Dispute.LOST, Dispute.WON)


def _after_dispute(wish: TopUp, *stages: Dispute) -> list[Moment]:
    paid = paying.paid(wish)
    return [*at_once(wish), *(_paid(_disputed(paid, stage)) for stage in stages)]


def refunded(wish: TopUp) -> list[Moment]:
    return _after_refund(wish, RefundStage.PENDING, RefundStage.DONE)


def refund_fails(wish: TopUp) -> list[Moment]:
    return _after_refund(wish, RefundStage.PENDING, RefundStage.FAILED)


def refund_fails_after_all(wish: TopUp) -> list[Moment]:
    return _after_refund(wish, RefundStage.PENDING, RefundStage.DONE, RefundStage.FAILED)


def _after_refund(wish: TopUp, *stages: RefundStage, refund_id: str = "") -> list[Moment]:
    paid = paying.paid(wish)
    moments = [replace(paid, refunds=(_refund("re", stage, refund_id=refund_id),)) for stage in stages]
    return [*at_once(wish), *(_paid(each) for each in moments)]


def two_refunds(wish: TopUp) -> list[Moment]:
    """The second of them of all that is left."""
    paid = paying.paid(wish)
    first = _refund("re-1", RefundStage.DONE, Decimal("3.33"))
    second = _refund("re-2", RefundStage.DONE, Decimal("6.67"))
    return [
        _paid(paid),
        _paid(replace(paid, refunds=(first,))),
        _paid(replace(paid, refunds=(second, first))),
    ]


def refunded_and_lost(wish: TopUp) -> list[Moment]:
    """A part is refunded, the rest is lost."""
    paid = paying.paid(wish)
    part = replace(paid, refunds=(_refund("re", RefundStage.DONE),))
    return [_paid(paid), _paid(part), *(_paid(_disputed(part, stage, HALF)) for stage in (Dispute.OPEN, Dispute.LOST))]


def lost_in_two_parts(wish: TopUp) -> list[Moment]:
    """Two disputes, of which the gateway tells the sum."""
    paid = paying.paid(wish)
    return [_paid(paid), *(_paid(_disputed(paid, Dispute.LOST, Decimal(much))) for much in (4, 7))]


def refund_fails_after_the_loss(wish: TopUp) -> list[Moment]:
    """All of it is lost, a part of which seemed to be refunded."""
    paid = paying.paid(wish)
    done, failed = (replace(paid, refunds=(_refund("re", stage),)) for stage in (RefundStage.DONE, RefundStage.FAILED))
    return [_paid(paid), _paid(done), _paid(_disputed(done, Dispute.LOST)), _paid(_disputed(failed, Dispute.LOST))]


def paid_twice(wish: TopUp) -> list[Moment]:
    """As over a chain, where the wish's address tells of all payments."""
    first, second = _two(wish)
    return [_open(wish), _paid(first), _paid(first, second)]


def paid_twice_by_card(wish: TopUp) -> list[Moment]:
    """The session knows of one payment; the second is refunded by hand."""
    first, second = _two(wish)
    refunded = replace(second, refunds=(_refund("re-2", RefundStage.DONE, second.amount),))
    return [_open(wish), _paid(first), _paid(first, loose=[second]), _paid(first, loose=[refunded])]


def second_is_lost(wish: TopUp) -> list[Moment]:
    first, second = _two(wish)
    after = [_disputed(second, stage) for stage in (Dispute.OPEN, Dispute.LOST)]
    return [_paid(first), *(_paid(first, loose=[each]) for each in (second, *after))]


def _two(wish: TopUp) -> tuple[Paid, Paid]:
    return paying.paid(wish), paying.paid(wish, ref=f"again-{wish.pk}", amount=Decimal("2.50"))


def wrong_then_right(wish: TopUp) -> list[Moment]:
    wrong = paying.paid(wish, ref=f"wrong-{wish.pk}", currency="FAKE", amount=Decimal(10**9))
    right = paying.paid(wish, amount=Decimal("9.99"))
    return [_open(wish), _paid(wrong, stage=Stage.OPEN), _paid(wrong, right)]


def _paid_back(teller: Teller, wish: TopUp, moments: list[Moment]) -> None:
    """It is credited, all of it is on its way back, and the gateway gave no clear answer."""
    paying.pay(wish)
    payouts.pay_back(wish.pk, CENTS, "ops", "tests", _payout_of(wish))


def _payout_of(wish: TopUp) -> str:
    return f"payout-{wish.pk[9:]}"


def _ours(wish: TopUp, *stages: RefundStage) -> list[Moment]:
    paid = paying.paid(wish)
    refunds = [_refund("re", stage, Decimal(10), _payout_of(wish)) for stage in stages]
    return [*at_once(wish), *(_paid(replace(paid, refunds=(refund,))) for refund in refunds)]


def ours_is_done(wish: TopUp) -> list[Moment]:
    return _ours(wish, RefundStage.PENDING, RefundStage.DONE)


def ours_fails(wish: TopUp) -> list[Moment]:
    return _ours(wish, RefundStage.PENDING, RefundStage.FAILED)


def ours_fails_after_all(wish: TopUp) -> list[Moment]:
    return _ours(wish, RefundStage.PENDING, RefundStage.DONE, RefundStage.FAILED)


def _spent(teller: Teller, wish: TopUp, moments: list[Moment]) -> None:
    """It was credited and spent before the bad news."""
    paying.pay(wish)
    balance = Wallet.objects.get(pk=wish.user_id).balance_cents
    wallet.adjust(wish.user_id, -balance + 100, f"spent:{wish.pk}", reason="spent", actor="tests")


SCRIPTS = (
    Script("everything", everything, "page0 hook2*3 hook1 hook3 hook4", 500),
    Script("paid", at_once, "page0 hook1*2 list1", 1000),
    Script("expired", expired, "page0 hook1*2 tick0", 0),
    Script("late", late, "page0 hook1 pay2 list2", 1000),
    Script("by bank", by_bank, "page0 hook1 hook2 tick1", 1000),
    Script("bank says no", bank_says_no, "page0 hook1 hook2 tick1", 0),
    Script("over a chain", over_a_chain, "page0 tick1 tick2 tick3", 1000),
    Script("won", won, "hook1 pay2 pay3 list2", 1000),
    Script("lost", lost, "hook1 pay2 pay3 tick2", 0),
    Script("lost when spent", lost, "hook1 pay2 pay3 list1", -2500, owes=900, before=_spent),
    Script("won on appeal", won_on_appeal, "pay1 pay2 pay3 pay4", 0),
    Script("refunded", refunded, "hook1 pay2 pay3 tick1", 500),
    Script("refund fails", refund_fails, "hook1 pay2 pay3 tick2", 1000),
    Script("refund fails after all", refund_fails_after_all, "pay1 pay2 pay3 pay4", 1000),
    Script("two refunds", two_refunds, "hook0 pay1 pay2*2", 0),
    Script("refunded and lost", refunded_and_lost, "hook0 pay1 pay2 pay3", 0),
    Script("lost in two parts", lost_in_two_parts, "hook0 pay1 pay2 list1", 300),
    Script("refund fails after the loss", refund_fails_after_the_loss, "hook0 pay1 pay2 pay3", 0),
    Script("paid twice", paid_twice, "page0 tick1 list2 hook1", 1250),
    Script("paid twice by card", paid_twice_by_card, "page0 hook1 pay2 list3", 1000),
    Script("second is lost", second_is_lost, "hook0 pay1 pay2 list3", 1000),
    Script("wrong then right", wrong_then_right, "tick0 tick1 tick2 list1", 999),
    Script("ours is done", ours_is_done, "tick1 pay2 pay3 list2", 0, before=_paid_back),
    Script("ours fails", ours_fails, "tick1 pay2 pay3 list2", 1000, before=_paid_back),
    Script("ours fails after all", ours_fails_after_all, "tick1 pay2 pay3 pay4", 1000, before=_paid_back),
)
