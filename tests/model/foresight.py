"""What must come of customers' wishes and of the provider's answers, as the adapter tells them.

Times are milliseconds.
"""

from collections.abc import Sequence

from catalog.upstream.errors import AccountTrouble, CodeReceived, NotSold, OutOfStock, PriceMoved, Rejected
from catalog.upstream.types import Activation, ActiveActivation, State, Status
from tests.model.state import OPEN, REFUNDED, Books, Order, Pair, Telling

GRACE, IN_FLIGHT, LIFETIME = 60_000, 16_000, 1_200_000
BRAKE_ORDERS, BRAKE_CANCELS, BRAKE_MS = 4, 3, 3_600_000
NEW = "new"


class Foresight:
    """books: as they have to be now. trail: as they were after each step of this call, for when it dies."""

    def __init__(self, books: Books) -> None:
        self.books, self.now = books, 0
        self.trail: list[Books] = []

    def begin(self, now: int) -> None:
        self.now, self.trail = now, []
        self.mark()

    def mark(self) -> None:
        self.trail.append(self.books.copy())

    # What customers wish

    def buy(self, user: int, pair: Pair, cap: int | None, tellings: Sequence[Telling]) -> str:
        books, price = self.books, self.books.price(pair)
        if price is None:
            return "NO_NUMBERS"
        if cap is not None and price > cap:
            return "PRICE_CHANGED"
        if books.is_paused or books.is_stopped:
            return "UPSTREAM_UNAVAILABLE"
        if self._is_braked(user):
            return "RATE_LIMITED"
        if books.debts[user]:
            return "FORBIDDEN"
        if books.balances[user] < price:
            return "INSUFFICIENT"
        books.balances[user] -= price
        order = books.orders[NEW] = Order(user, pair, price, self.now, asked=self.now)
        self.mark()
        return self._purchased(order, tellings)

    def _is_braked(self, user: int) -> bool:
        newest = [order for order in self.books.orders.values() if order.user == user][-BRAKE_ORDERS:]
        cancelled = sum(order.status == "CANCELLED" for order in newest)
        return len(newest) == BRAKE_ORDERS and cancelled >= BRAKE_CANCELS and self.now - newest[0].sent < BRAKE_MS

    def _purchased(self, order: Order, tellings: Sequence[Telling]) -> str:
        """Asked for once; nobody knows what an unclear answer means."""
        self._mind_the_account([telling.answer for telling in tellings])
        match [telling.answer for telling in tellings if telling.verb == "buy"]:
            case [Activation() as bought]:
                order.number, order.ends = bought.activation_id, self.now + LIFETIME
                return "OK"
            case [Rejected() as refusal]:
                self.books.refund(order, "FAILED")
                self.mark()
                if isinstance(refusal, PriceMoved):
                    self.books.costs[order.pair] = refusal.least
                is_empty = isinstance(refusal, OutOfStock | PriceMoved | NotSold)
                return "NO_NUMBERS" if is_empty else "UPSTREAM_UNAVAILABLE"
            case [_, _, *_]:
                raise AssertionError("bought twice")
        return "OUTCOME_UNKNOWN"

    def cancel(self, order: Order, tellings: Sequence[Telling]) -> str:
        if refusal := self._not_cancellable(order):
            return refusal
        self._mind_the_account([telling.answer for telling in tellings])
        is_late = any(isinstance(telling.answer, CodeReceived) for telling in tellings)
        # Else the end of the number is what the customer wishes, be it by whose hand it may.
        self.hear([telling for telling in tellings if is_late or getattr(telling.answer, "sms", ())])
        if is_late:
            return "CODE_RECEIVED"
        if refusal := self._not_cancellable(order):
            return refusal
        self.books.refund(order, "CANCELLED")
        return "OK"

    def _not_cancellable(self, order: Order) -> str | None:
        if order.status in REFUNDED:
            return "ALREADY_CHANGED"
        return "CODE_RECEIVED" if order.status != "WAITING" or order.sms else None

    def next_sms(self, order: Order, tellings: Sequence[Telling]) -> str:
        if order.status != "RECEIVED":
            return "NO_CODE_YET" if order.status == "WAITING" else "ALREADY_CHANGED"
        if self.now >= order.ends:
            return "EXPIRED"
        known = order.sms
        self.hear(tellings)
        if not tellings or isinstance(tellings[-1].answer, Exception):
            return "UPSTREAM_UNAVAILABLE"
        if order.status != "RECEIVED":
            return "ALREADY_CHANGED"
        if order.sms == known:
            order.status, order.body = "WAITING", None
        return "OK"

    def credit(self, user: int, cents: int) -> str:
        if self.books.balances[user] + cents < 0:
            return "INSUFFICIENT"
        self.books.receive(user, cents)
        return "OK"

    def charge_back(self, user: int, cents: int) -> str:
        """The wallet gives what it has, the rest is owed."""
        taken = min(cents, self.books.balances[user])
        self.books.balances[user] -= taken
        self.books.debts[user] += cents - taken
        return "OK"

    # What the provider tells

    def push(self, number: str, body: str, *, is_forged: bool) -> str:
        order = self.owner(number)
        if is_forged:
            return "NOT_FOUND"
        if order is not None and order.status != "COMPLETED":
            self.arrive(order, body)
        return "OK"

    def _mind_the_account(self, answers: Sequence[object]) -> None:
        """Nothing is bought where our account needs a person."""
        if any(isinstance(answer, AccountTrouble) for answer in answers):
            self.books.is_paused = True
            self.mark()

    def hear(self, tellings: Sequence[Telling]) -> None:
        for telling in tellings:
            self._mind_the_account([telling.answer])
            match telling.answer:
                case Status() as status:
                    self._told(telling.about, [sms.body for sms in status.sms], status.state)
                case CodeReceived(sms=sms):
                    self._told(telling.about, [each.body for each in sms])
                case list() as rows if telling.verb == "active":
                    self._listed(rows)
                case Exception() if telling.verb == "status":
                    self._told(telling.about, [])
            self.mark()

    def _listed(self, rows: list[ActiveActivation]) -> None:
        for order in self.books.orders.values():
            order.lists += self.now > order.sent + IN_FLIGHT
        for row in rows:
            if row.sms:
                self._told(row.activation_id, [sms.body for sms in row.sms])
                self.mark()
            elif order := self.owner(row.activation_id):
                order.asked = self.now

    def _told(self, number: str, bodies: list[str], state: State | None = None) -> None:
        order = self.owner(number)
        if order is None:
            return
        order.asked = self.now
        for body in bodies:
            self.arrive(order, body)
        is_over = state in (State.CANCELLED, State.FINISHED) or self.now >= order.ends + GRACE
        if order.status in OPEN and is_over:
            self._end(order)

    def arrive(self, order: Order, body: str) -> None:
        if body in order.sms:
            return
        order.sms, order.body = (*order.sms, body), body
        if order.status == "WAITING":
            order.status = "RECEIVED"

    def _end(self, order: Order) -> None:
        if order.sms:
            order.status, order.body = "COMPLETED", order.sms[-1]
        else:
            self.books.refund(order, "FAILED")

    def learn_prices(self, tellings: Sequence[Telling]) -> str:
        """The provider's whole list: what it lacks is out of stock."""
        self._mind_the_account([telling.answer for telling in tellings])
        if any(isinstance(telling.answer, Exception) for telling in tellings):
            return "REFUSED"
        for telling in tellings:
            if telling.verb == "offers" and isinstance(telling.answer, list):
                sold = {(row.service, row.country): row.cost for row in telling.answer if row.count}
                self.books.costs = {pair: sold.get(pair) for pair in self.books.costs}
        return "OK"

    def owner(self, number: str) -> Order | None:
        return next((order for order in self.books.orders.values() if order.number == number), None)
