"""End to end over HTTP: the card sandbox, its signed webhooks at our door, the page, the worker; in random orders."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from accounts.topups import methods
from accounts.topups.models import Method, PaymentMethod, TopUp
from accounts.topups.sandbox.cards import CardSandbox
from accounts.topups.services import confirming, crediting, starting
from accounts.wallet.models import Entry, Kind, Wallet
from jiema import books
from tests.topups.cards import SECRET
from tests.topups.events import check_constraints_now
from tests.topups.stories import STORIES, Story, Till
from tests.torture import figures

ORDERS = max(8, int(os.environ.get("TOPUP_ORDERS", "0")) // 100)
"""Of each story."""
SEED = 20_260_102


@pytest.fixture
def cards(db: None, settings: Settings) -> Iterator[CardSandbox]:
    PaymentMethod.objects.update_or_create(pk=Method.SANDBOX)
    with CardSandbox(secret=SECRET) as running:
        settings.SANDBOX_GATEWAY, settings.SANDBOX_GATEWAY_URL = True, running.url
        settings.SANDBOX_GATEWAY_SECRET = SECRET
        yield running


@pytest.mark.django_db
@pytest.mark.parametrize("story", STORIES, ids=lambda story: "-".join(step.__name__ for step in story.steps))
def test_any_order_of_events_credits_each_payment_once(cards: CardSandbox, alice: User, story: Story) -> None:
    seen = set()
    for number in range(10 * ORDERS):
        with undone():
            seen.add(tell(cards, alice, story, random.Random(f"{SEED}:{number}")))
        if len(seen) == ORDERS:
            break
    assert len(seen) == ORDERS
    figures.record(topup_orders=ORDERS, topup_orders_over_http=ORDERS, topup_credits_too_many=0)


def tell(cards: CardSandbox, user: User, story: Story, chance: random.Random) -> tuple[str, ...]:
    """What was done, one after the other."""
    before = Wallet.objects.get(pk=user.pk).balance_cents
    told = Telling(cards, user, chance)
    try:
        told.play(story)
        check_constraints_now()
        credits = Entry.objects.filter(kind=Kind.TOP_UP, wallet=user.pk).values_list("amount_cents", flat=True)
        assert tuple(credits) == story.credits
        assert Wallet.objects.get(pk=user.pk).balance_cents == before + story.keeps
        assert books.breaches() == []
    except BaseException as error:
        error.add_note(" → ".join(told.done))
        raise
    return tuple(told.done)


class Telling:
    """A wish, and the deliveries of what becomes of it: at once, again, late, or of what was true before."""

    def __init__(self, cards: CardSandbox, user: User, chance: random.Random) -> None:
        self.first = len(cards.events)
        self.cards = cards
        self.chance = chance
        self.wish = starting.open_payment(starting.start_top_up(user.pk, Method.SANDBOX, 1000))
        self.till = Till(cards, self.wish.gateway_ref)
        self.waiting: list[Callable[[], object]] = []
        self.taken: set[int] = set()
        self.done: list[str] = []

    def play(self, story: Story) -> None:
        for step in story.steps:
            self.disturb()
            step(self.till)
            self.done.append(step.__name__)
        self.disturb()
        self.settle()

    def disturb(self) -> None:
        for _ in range(self.chance.randint(0, 3)):
            act = self.chance.choice([self.hook, self.page, self.begin_to_read, self.end_reading])
            act()

    def hook(self) -> None:
        """One of those that the sandbox has told so far, for the first time or again."""
        events = self.cards.events[self.first :]
        if events:
            number = self.chance.randrange(len(events))
            self.deliver(number)

    def deliver(self, number: int) -> None:
        event = self.cards.events[self.first + number]
        self.done.append(f"{event['type']}#{number}")
        body, headers = self.cards.signed(event)
        answer = Client().post(
            "/webhooks/sandbox",
            body,
            content_type="application/json",
            headers={"stripe-signature": headers["stripe-signature"]},
        )
        assert answer.status_code == 200
        self.taken.add(number)

    def page(self) -> None:
        self.done.append("page")
        TopUp.objects.filter(pk=self.wish.pk).update(read_at=None)
        confirming.refresh(TopUp.objects.get(pk=self.wish.pk))

    def follow(self) -> None:
        self.done.append("follow")
        confirming.confirm(self.wish)

    def begin_to_read(self) -> None:
        """The gateway answers now, of the wish or of a payment, and the answer is applied some time later."""
        self.done.append("begin to read")
        payment = self.chance.choice(["", *self.till.payments])
        if not payment:
            reading = methods.gateway(Method.SANDBOX).read(self.wish.gateway_ref)
            self.waiting.append(partial(crediting.apply_reading, self.wish.pk, reading))
        elif paid := methods.gateway(Method.SANDBOX).read_payment(payment):
            self.waiting.append(partial(confirming.confirm_payment, Method.SANDBOX, paid))

    def end_reading(self) -> None:
        if self.waiting:
            self.done.append("end reading")
            self.waiting.pop(self.chance.randrange(len(self.waiting)))()

    def settle(self) -> None:
        """Each event is sent until it is taken, and the worker asks until all is over."""
        numbers = [number for number in range(len(self.cards.events) - self.first) if number not in self.taken]
        self.chance.shuffle(numbers)
        for number in numbers:
            self.deliver(number)
            if self.chance.random() < 0.3:
                self.end_reading()
        while self.waiting:
            self.end_reading()
        self.follow()
        for payment in self.till.payments[1:]:
            paid = methods.gateway(Method.SANDBOX).read_payment(payment)
            assert paid
            confirming.confirm_payment(Method.SANDBOX, paid)


@contextmanager
def undone() -> Iterator[None]:
    before = transaction.savepoint()
    yield
    transaction.savepoint_rollback(before)
