"""The sandbox's shop: sells numbers, receives their SMS, takes them back. No HTTP, no wire format.

Time is the clock's. Nothing runs by itself: what is due (an SMS, an end, a refund) is done at the
next call, or at `tick`, at its own time and in order.
"""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import count

from catalog.upstream.reference import Country, Service
from catalog.upstream.sandbox.engine.account import FREE_CANCEL_SECONDS, Account, Rules
from catalog.upstream.sandbox.engine.activation import Activation, Message, Phase
from catalog.upstream.sandbox.engine.agenda import Action, Agenda
from catalog.upstream.sandbox.engine.chance import chance
from catalog.upstream.sandbox.engine.clock import Clock
from catalog.upstream.sandbox.engine.phones import Phones
from catalog.upstream.sandbox.engine.refusals import Refusal, bad_field
from catalog.upstream.sandbox.engine.shelf import Offer, Shelf
from catalog.upstream.sandbox.engine.smsplan import Course, Planner, SmsPlan
from catalog.upstream.sandbox.engine.texts import compose, read_code

Listener = Callable[[Activation, Message, float], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a buyer asks for. country None: anywhere. fixed_price: charge `max_price`, not less."""

    service: str
    country: int | None
    max_price: Decimal | None = None
    fixed_price: bool = False
    operator: str = "any"


class Shop:
    """Thread-safe. Whoever reads an activation in several steps holds `turn()` meanwhile."""

    def __init__(
        self,
        *,
        clock: Clock,
        seed: int,
        shelf: Shelf,
        countries: Mapping[int, Country],
        services: Mapping[str, Service],
        planner: Planner,
        account: Account,
        rules: Rules,
        first_id: int,
    ) -> None:
        self.clock = clock
        self.shelf = shelf
        self.countries = countries
        self.services = services
        self.account = account
        self.rules = rules
        self.phones = Phones()
        self.listeners: list[Listener] = []
        self._seed = seed
        self._planner = planner
        self._agenda = Agenda()
        self._ids = count(first_id)
        self._message_ids = count(first_id)
        self._sold: list[Activation] = []
        self._by_id: dict[int, Activation] = {}
        self._open: dict[int, Activation] = {}
        self._courses: dict[int, Course] = {}
        self._lock = threading.RLock()

    @contextmanager
    def turn(self) -> Iterator[float]:
        """One thread at a time, with everything done that is due; gives the time."""
        with self._lock:
            now = self.clock.now()
            self._agenda.play(now)
            yield now

    def tick(self) -> None:
        with self.turn():
            pass

    def after(self, seconds: float, action: Action) -> None:
        """Have something done later, on the shop's clock and under its lock."""
        with self.turn() as now:
            self._agenda.add(now + seconds, action)

    def stock(self, country: int, service: str, cost: Decimal | None, count: int | None) -> Offer:
        """List a pair, or change its cost in dollars, its stock or both."""
        if country not in self.countries or service not in self.services:
            raise ValueError(f"no such pair: {country}, {service}")
        with self.turn():
            return self.shelf.put(country, service, cost, count)

    # Buying

    def buy(self, wish: Wish) -> Activation:
        with self.turn() as now:
            self.account.check_may_buy(len(self._open), now)
            country, offer = self._pick(wish)
            cost = self._cost(wish, offer)
            if self.account.balance < cost:
                raise Refusal("NO_BALANCE")
            self.account.balance -= cost
            self.shelf.move(country.id, wish.service, -1)
            return self._hand_over(wish, country, cost, now)

    def _pick(self, wish: Wish) -> tuple[Country, Offer]:
        if wish.service not in self.services:
            raise bad_field("service")
        country_id = self.shelf.best_country(wish.service) if wish.country is None else wish.country
        if country_id is None:
            raise Refusal("NO_NUMBERS")
        if country_id not in self.countries:
            raise bad_field("country")
        offer = self.shelf.offer(country_id, wish.service)
        if offer is None or offer.count <= 0:
            raise Refusal("NO_NUMBERS")
        return self.countries[country_id], offer

    def _cost(self, wish: Wish, offer: Offer) -> Decimal:
        least = (offer.cost * self.rules.drift).quantize(Decimal("0.0001"))
        if wish.max_price is None:
            return least
        if wish.max_price < least:
            raise Refusal("WRONG_MAX_PRICE", min=least)
        return wish.max_price if wish.fixed_price else least

    def _hand_over(self, wish: Wish, country: Country, cost: Decimal, now: float) -> Activation:
        id_ = next(self._ids)
        rng = chance(self._seed, id_)
        phone = self.phones.take(country, rng)
        ends_at = now + self.rules.lifetimes.get(wish.service, self.rules.lifetime)
        bought = Activation(id_, phone, wish.service, country.id, wish.operator, cost, now, ends_at)
        self._sold.append(bought)
        self._by_id[id_] = self._open[id_] = bought
        self._agenda.add(ends_at, lambda at: self._expire(bought, at))
        self._courses[id_] = self._planner.course(wish.service, country.id, rng)
        self._expect_sms(bought, now)
        return bought

    # SMS

    def plan_sms(self, plan: SmsPlan) -> None:
        """How numbers that are bought from now on receive SMS."""
        with self.turn():
            self._planner.add(plan)

    def deliver(self, activation_id: int, text: str | None = None) -> Message:
        """An SMS comes now; without a text one is made up. A closed number gets it too, and stays closed."""
        with self.turn() as now:
            activation = self.find(activation_id)
            rng = chance(self._seed, activation_id, len(activation.messages))
            return self._receive(activation, text or compose(rng, self._name(activation)), now)

    def _expect_sms(self, activation: Activation, now: float) -> None:
        course = self._courses[activation.id]
        if not course.never:
            self._schedule_sms(activation, now + self._planner.delay(course))

    def _schedule_sms(self, activation: Activation, due: float) -> None:
        course = self._courses[activation.id]
        text = course.next_text(otherwise=compose(course.rng, self._name(activation)))
        if text is not None:
            self._agenda.add(due, lambda at: self._arrive(activation, text, at))

    def _arrive(self, activation: Activation, text: str, at: float) -> None:
        if not activation.is_open:
            return
        self._receive(activation, text, at)
        every = self._courses[activation.id].every
        if every is not None:
            self._schedule_sms(activation, at + every)

    def _receive(self, activation: Activation, text: str, at: float) -> Message:
        sender = "".join(filter(str.isalnum, self._name(activation)))[:11]
        message = Message(next(self._message_ids), at, text, read_code(text), sender)
        activation.messages.append(message)
        if activation.is_open:
            activation.phase = Phase.RECEIVED
        for listener in self.listeners:
            listener(activation, message, at)
        return message

    def _name(self, activation: Activation) -> str:
        return self.services[activation.service].name

    # What buyers do with a number

    def find(self, activation_id: int) -> Activation:
        with self.turn() as now:
            activation = self._by_id.get(activation_id)
            keep = self.rules.forget_after
            if activation is None or (
                keep is not None and activation.closed_at is not None and now - activation.closed_at > keep
            ):
                raise Refusal("NO_ACTIVATION")
            return activation

    def acknowledge(self, activation_id: int) -> None:
        """The buyer says that the SMS was sent. It changes nothing."""
        with self.turn():
            if self._still_open(activation_id).phase is not Phase.WAITING:
                raise Refusal("BAD_STATUS")

    def ask_again(self, activation_id: int) -> None:
        with self.turn() as now:
            activation = self._still_open(activation_id)
            if activation.phase is Phase.WAITING:
                raise Refusal("BAD_STATUS")
            if activation.phase is Phase.RECEIVED:
                activation.phase = Phase.WAITING_AGAIN
                self._expect_sms(activation, now)

    def finish(self, activation_id: int) -> None:
        with self.turn() as now:
            activation = self._still_open(activation_id)
            if activation.phase is Phase.WAITING:
                raise Refusal("BAD_STATUS")
            self._close(activation, Phase.FINISHED, now)

    def cancel(self, activation_id: int) -> None:
        with self.turn() as now:
            activation = self.find(activation_id)
            if activation.phase in (Phase.CANCELLED, Phase.REFUNDED):
                raise Refusal("ALREADY_CANCELLED")
            self._check_cancellable(self._still_open(activation_id), now)
            self._give_back(activation, Phase.CANCELLED, now)

    def withdraw(self, activation_id: int) -> None:
        """The provider takes the number away and gives the money back."""
        with self.turn() as now:
            self._give_back(self._still_open(activation_id), Phase.REFUNDED, now)

    def _check_cancellable(self, activation: Activation, now: float) -> None:
        last = activation.last
        if last is not None:
            word = "OTP_RECEIVED" if last.shown else "NEW_OTP_RECEIVED"
            last.shown = True
            raise Refusal(word, activation=activation, message=last)
        age = now - activation.bought_at
        if age < self.rules.grace:
            raise Refusal("EARLY_CANCEL_DENIED", grace=self.rules.grace)
        if age > FREE_CANCEL_SECONDS:
            raise Refusal("FREE_CANCELLATION_EXPIRED")

    def _still_open(self, activation_id: int) -> Activation:
        activation = self.find(activation_id)
        if not activation.is_open:
            raise Refusal("ACTIVATION_NOT_ACTIVE")
        return activation

    # How a number ends

    def _expire(self, activation: Activation, at: float) -> None:
        if not activation.is_open:
            return
        if activation.messages:
            self._close(activation, Phase.FINISHED, at)
        else:
            self._give_back(activation, Phase.REFUNDED, at)

    def _give_back(self, activation: Activation, phase: Phase, at: float) -> None:
        self._close(activation, phase, at)
        if self.rules.refund_delay > 0:
            self._agenda.add(at + self.rules.refund_delay, lambda _: self._refund(activation))
        else:
            self._refund(activation)

    def _refund(self, activation: Activation) -> None:
        self.account.balance += activation.cost
        self.shelf.move(activation.country, activation.service, 1)

    def _close(self, activation: Activation, phase: Phase, at: float) -> None:
        activation.phase, activation.closed_at = phase, at
        del self._open[activation.id]
        del self._courses[activation.id]

    # Lists

    def open_count(self) -> int:
        with self.turn():
            return len(self._open)

    def open(self, start: int = 0, limit: int = 100) -> list[Activation]:
        """Newest first."""
        with self.turn():
            return list(reversed(self._open.values()))[start : start + limit]

    def history(self, since: float, until: float, offset: int, size: int) -> list[Activation]:
        """Bought in that time, newest first."""
        with self.turn():
            low = bisect_left(self._sold, since, key=lambda sold: sold.bought_at)
            high = bisect_right(self._sold, until, key=lambda sold: sold.bought_at) - offset
            return self._sold[max(low, high - size) : max(low, high)][::-1]
