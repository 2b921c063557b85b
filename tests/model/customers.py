"""What customers do, and their banks."""

from functools import partial

from hypothesis import strategies as st

from accounts.wallet import services as wallet
from accounts.wallet.errors import Insufficient
from tests import paying
from tests.model.ending import Ending
from tests.model.rules import PAIR, PICK, TROUBLE, TWICE, USER, deaths, does, where, with_orders
from tests.model.state import OPEN, Pair
from tests.model.window import as_shown
from tests.model.wire import Moment


class Customers(Ending):
    @does(
        user=USER,
        pair=PAIR,
        margin=st.sampled_from([None] * 12 + [-1, 0, 1]),
        trouble=TROUBLE,
        death=deaths("buy.", "wallet.", "order."),
    )
    def buy(self, user: int, pair: Pair, margin: int | None, trouble: str | None, death: Moment) -> None:
        """margin: how far over the price the customer's limit is."""
        price = self.oracle.books.price(pair)
        self.fail("getNumberV2", trouble)
        self.order_number(user, pair, None if margin is None or price is None else price + margin, death)

    def order_number(self, user: int, pair: Pair, cap: int | None = None, death: Moment = None) -> None:
        headers = {} if cap is None else {"X-Max-Price-Cents": str(cap)}
        wish = {"service": pair[0], "country": pair[1]}
        post = partial(self.call, user, "POST", "/orders", wish, **headers)
        self.step(post, lambda told: self.oracle.buy(user, pair, cap, told), death)

    @with_orders
    @does(pick=PICK, trouble=TROUBLE, death=deaths("poll.", "sms.", "order.", "wallet."))
    def poll(self, pick: int, trouble: str | None, death: Moment) -> None:
        id_, order = self.order(pick, *OPEN)
        self.fail("getStatusV2" if self.oracle.can_list else "getStatus", trouble)
        must_ask = self.oracle.must_be_asked(order)
        told = self.step(partial(self.call, order.user, "GET", f"/orders/{id_}"), death=death)
        if told is not None:
            assert told or not must_ask
            assert as_shown(self.reply["data"]) == self.oracle.books.orders[id_].shown

    @with_orders
    @does(pick=PICK, trouble=TROUBLE, death=deaths("cancel.", "order.", "wallet.", "poll.", "sms."))
    def cancel(self, pick: int, trouble: str | None, death: Moment) -> None:
        id_, order = self.order(pick, "WAITING")
        self.fail("setStatus", trouble)
        post = partial(self.call, order.user, "POST", f"/orders/{id_}/cancel")
        self.step(post, lambda told: self.oracle.cancel(order, told), death)

    @with_orders
    @does(pick=PICK, trouble=TROUBLE, death=deaths("next_sms.", "order.", "poll.", "sms."))
    def next_sms(self, pick: int, trouble: str | None, death: Moment) -> None:
        id_, order = self.order(pick, "RECEIVED")
        self.fail("setStatus", trouble)
        post = partial(self.call, order.user, "POST", f"/orders/{id_}/next-sms")
        self.step(post, lambda told: self.oracle.next_sms(order, told), death)

    @does(user=USER, cents=st.integers(1, 500), times=TWICE, death=deaths("topup.", "wallet."))
    def top_up(self, user: int, cents: int, times: int, death: Moment) -> None:
        payment = paying.wish(self.world.users[user], cents)

        def pay() -> None:
            for _ in range(times):
                paying.pay(payment)

        if self.step(pay, lambda _: self.oracle.credit(user, cents), death) is not None:
            self.payments.append((payment.pk, user, cents))

    @where(lambda self: self.payments)
    @does(at_most=3, pick=PICK, share=TWICE, times=TWICE, spent=st.booleans(), death=deaths("wallet."))
    def charge_back(self, pick: int, share: int, times: int, spent: bool, death: Moment) -> None:
        """Of a payment, the whole or half of it; nobody does it again later. spent: nothing was left."""
        payment, user, cents = self.payments.pop(pick % len(self.payments))
        taken = max(1, cents // share)
        if spent and self.oracle.books.balances[user]:
            self.correct(user, -self.oracle.books.balances[user])

        def take_back() -> None:
            for _ in range(times):
                wallet.charge_back(self.world.users[user], taken, paying.GATEWAY, payment)

        self.step(take_back, lambda _: self.oracle.charge_back(user, taken), death)

    @does(at_most=5, user=USER, cents=st.integers(-300, 300).filter(bool))
    def adjust(self, user: int, cents: int) -> None:
        self.correct(user, cents)

    def correct(self, user: int, cents: int) -> None:
        self.texts += 1

        def adjust() -> str:
            try:
                wallet.adjust(self.world.users[user], cents, f"model:{self.texts}", reason="model", actor="model")
            except Insufficient as refusal:
                return refusal.code
            return "OK"

        self.step(adjust, lambda _: self.oracle.credit(user, cents))
