"""What providers, ops, the clock and bad luck do; and with the customers the whole machine."""

import json
from contextlib import suppress
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from catalog.services import providers
from catalog.services.pricing import set_markup
from catalog.services.syncing import Refused, sync_catalogue
from catalog.upstream.sandbox.engine.activation import Activation, Message
from catalog.upstream.sandbox.engine.refusals import Refusal
from orders.models import SalesStop
from orders.services import cancelling, reconciling, syncing
from orders.services.stopping import lift_stop, stop_sales
from tests.model.customers import Customers
from tests.model.rules import PAIR, PICK, TROUBLE, TROUBLES, TWICE, USER, WORDS, deaths, does, where, with_orders
from tests.model.stage import EVENTS
from tests.model.state import OPEN, REFUNDED, Pair
from tests.model.wire import Moment
from tests.model.world import PAIRS, PROFILES

ACTIONS = {
    "buy": ("getNumberV2",),
    "status": ("getStatusV2", "getStatus"),
    "set": ("setStatus",),
    "list": ("getActiveActivations",),
    "history": ("getHistory",),
}


class Machine(Customers):
    @initialize(
        dialect=st.sampled_from(sorted(PROFILES)),
        orders=st.integers(0, 3),
        forgets=st.sampled_from([None, None, None, 30]),
    )
    def open(self, dialect: str, orders: int, forgets: float | None) -> None:
        """forgets: seconds after which the provider no longer knows a number that is over."""
        self.set_up(dialect)
        self.sandbox.shop.rules.forget_after = forgets
        for user, cents in enumerate((100, 1000)):
            self.correct(user, cents)
        for number in range(orders):
            self.order_number(user=1, pair=PAIRS[number % 2])
        EVENTS["examples"] += 1

    # Providers

    @where(lambda self: self.sold())
    @does(pick=PICK, pushed=st.sampled_from([False, False, True]))
    def sms(self, pick: int, pushed: bool) -> None:
        """To any number that was ever sold, be it over or never known to us. pushed: we are told of it at once."""
        self.texts += 1
        number = self.sold()[-1 - pick % len(self.sold())]
        with suppress(Refusal):  # the provider has forgotten it
            message = self.sandbox.shop.deliver(number.id, str(self.texts))
            if pushed:
                self._push(number, message)

    @where(lambda self: any(number.messages for number in self.sold()))
    @does(
        pick=PICK,
        back=st.integers(0, 2),
        times=TWICE,
        forged=st.sampled_from([None, None, None, "id", "secret"]),
        death=deaths("sms.", "order."),
    )
    def push(self, pick: int, back: int, times: int, forged: str | None, death: Moment) -> None:
        """At any time after the SMS, in any order. back: an SMS that is so much older than the number's last."""
        told = [number for number in self.sold() if number.messages]
        number = told[-1 - pick % len(told)]
        for _ in range(times):
            self._push(number, number.messages[-1 - back % len(number.messages)], forged, death)

    def _push(self, number: Activation, message: Message, forged: str | None = None, death: Moment = None) -> None:
        body = json.loads(self.sandbox.push._body(number, message))
        if forged == "id":
            body |= {"activationId": str(number.id + 10**6)}
        is_forged = forged == "secret"
        secret = "forged" if is_forged else self.provider.push_secret
        self.step(
            lambda: self.world.post(f"/api/push/{secret}", body),
            lambda _: self.oracle.push(body["activationId"], message.text, is_forged=is_forged),
            death,
        )

    @where(lambda self: any(number.is_open for number in self.sold()))
    @does(pick=PICK)
    def withdraw(self, pick: int) -> None:
        running = [number for number in self.sold() if number.is_open]
        self.sandbox.shop.withdraw(running[-1 - pick % len(running)].id)

    @does(
        at_most=8,
        about=st.sampled_from(sorted(ACTIONS)),
        kind=st.sampled_from([*TROUBLES, *WORDS, *WORDS]),
        times=st.sampled_from([1, 1, 2, 4]),
    )
    def trouble(self, about: str, kind: str, times: int) -> None:
        for action in ACTIONS[about]:
            self.fail(action, kind, times)

    @where(lambda self: self.sandbox.faults._queue)
    @does()
    def recovery(self) -> None:
        self.sandbox.faults.clear()

    @does(at_most=5, pair=PAIR, cents=st.sampled_from([1, 10, 11, 30, 31, 60]), count=st.sampled_from([0, 1, 100]))
    def upstream_price(self, pair: Pair, cents: int, count: int) -> None:
        self.sandbox.shop.stock(pair[1], pair[0], Decimal(cents) / 100, count)

    # Ops, the clock and what it drives

    @does(at_most=5, percent=st.sampled_from([0, 10, 30, 33, 100]))
    def markup(self, percent: int) -> None:
        self.oracle.books.percent = Decimal(percent)
        self.step(lambda: set_markup(Decimal(percent)))

    @does(at_most=5, death=deaths())
    def sync(self, death: Moment) -> None:
        def sync() -> str:
            try:
                sync_catalogue(self.provider, believe=True)
            except Refused:
                return "REFUSED"
            return "OK"

        self.step(sync, self.oracle.learn_prices, death)

    @does(at_most=5, user=USER, pair=PAIR)
    def buy_while_stopped(self, user: int, pair: Pair) -> None:
        self.oracle.books.is_stopped = True
        self.step(lambda: stop_sales("model"))
        self.order_number(user, pair)
        self.oracle.books.is_stopped = False
        self.step(lambda: lift_stop(SalesStop.objects.get(lifted_at=None).pk, "model"))

    @does(at_most=5, by_hand=st.booleans(), death=deaths())
    def look_around(self, by_hand: bool, death: Moment) -> None:
        """by_hand: ops let a paused provider go on, which a look at its balance does not always."""
        if by_hand:
            self.oracle.books.is_paused = False
            self.step(lambda: providers.resume_provider(self.provider.pk))
        self.step(self.watch, death=death)

    @does(at_most=12, seconds=st.sampled_from([1, 4, 4, 17, 17, 30, 61, 121, 400, 1261, 3601]))
    def clock(self, seconds: int) -> None:
        self.clock_to(self.world.clock.ms + seconds * 1000)

    @where(lambda self: self.open_ends())
    @does(pick=PICK, past=st.sampled_from([-1, 1, 30, 61]))
    def end(self, pick: int, past: int) -> None:
        """The clock moves to about the end of an order's time."""
        ends = self.open_ends()
        self.clock_to(ends[-1 - pick % len(ends)] + past * 1000)

    def open_ends(self) -> list[int]:
        orders = self.oracle.books.orders.values()
        return [order.ends for order in orders if order.status in OPEN and order.ends > self.world.clock.ms]

    def clock_to(self, ms: int) -> None:
        self.world.clock.move(max(0, ms - self.world.clock.ms))
        self.sandbox.shop.tick()

    @with_orders
    @does(death=deaths("sweep.", "poll.", "sms.", "buy.sett", "order.", "wallet."))
    def sweep(self, death: Moment) -> None:
        self.step(lambda: reconciling.sweep(self.provider), death=death)

    @where(lambda self: any(order.ends for order in self.oracle.books.orders.values()))
    @does(trouble=TROUBLE, death=deaths("end_due.", "poll.", "sms.", "order.", "wallet."))
    def end_due(self, trouble: str | None, death: Moment) -> None:
        self.fail("getStatusV2" if self.oracle.can_list else "getStatus", trouble)
        over = [order for order in self.oracle.books.orders.values() if self.oracle.must_be_over(order)]
        if self.step(syncing.end_due_orders, death=death) is not None:
            assert not [order for order in over if order.status in OPEN]

    @where(lambda self: any(order.number and order.status in REFUNDED for order in self.oracle.books.orders.values()))
    @does(death=deaths("give_back.", "poll.", "sms."))
    def give_back(self, death: Moment) -> None:
        self.step(cancelling.give_back_due, death=death)


# A rule is chosen as often as it has names.
_WEIGHTS = (
    *(("buy", 7), ("poll", 5), ("sms", 7), ("cancel", 4), ("next_sms", 3), ("push", 4), ("top_up", 2)),
    *(("charge_back", 4), ("trouble", 2), ("sweep", 5), ("give_back", 5), ("end_due", 3), ("clock", 2), ("end", 3)),
)
for _name, _times in _WEIGHTS:
    for _more in range(1, _times):
        setattr(Machine, f"{_name}_{_more}", getattr(Machine, _name))
