"""The oracle: wallets, orders and what customers see, without Django and without a database.

Most of it is foresight. Where the shop may do one thing or another it says what is allowed, and takes note of
what was done.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from catalog.upstream.types import ActiveActivation
from tests.model.foresight import GRACE, IN_FLIGHT, LIFETIME, NEW, Foresight
from tests.model.state import OPEN, Books, Order, Seen, Telling

STALE, HOLD_AT_MOST, HOLD_WITHOUT_LIST = 3_000, 120_000, 600_000


class Oracle(Foresight):
    def __init__(self, books: Books, sold_at: Callable[[str], int], *, can_list: bool) -> None:
        """sold_at: when the provider sold a number."""
        super().__init__(books)
        self.sold_at, self.can_list = sold_at, can_list
        self.learned: Counter[str] = Counter()

    def is_in_flight(self, *pair: object) -> bool:
        held = (order for order in self.books.orders.values() if order.number is None)
        return any(order.pair == pair and self.now - order.sent <= IN_FLIGHT for order in held)

    def must_be_asked(self, order: Order) -> bool:
        return order.status in OPEN and order.number is not None and self.now - order.asked > STALE

    def must_be_over(self, order: Order) -> bool:
        return self.must_be_asked(order) and self.now >= order.ends + GRACE

    def name(self, ids: Iterable[str]) -> None:
        """The shop has given an id to the order that is new to us."""
        new = [id_ for id_ in ids if id_ not in self.books.orders]
        for books in (*self.trail, self.books):
            if new and NEW in books.orders:
                books.orders[new[0]] = books.orders.pop(NEW)

    def learn(self, seen: Seen, tellings: Sequence[Telling]) -> None:
        """Where more than one thing may happen: a reading of our balance may end a pause, and a list of the provider's
        may give numbers to orders, or show that there is none."""
        if any(isinstance(telling.answer, Decimal) for telling in tellings):
            self.books.is_paused &= seen["is_paused"]
        lists = (telling.answer for telling in tellings if telling.verb == "active")
        rows = next((answer for answer in lists if isinstance(answer, list)), [])
        for id_, order in self.books.orders.items():
            shown = seen["orders"].get(id_)
            if shown is None or order.number is not None:
                continue
            if shown[1] is not None:
                self._check_adoption(order, shown[1], rows)
                self.learned[f"adopted, {order.status}"] += 1
                for books in (*self.trail, self.books):
                    books.adopt(id_, shown[1], self.now + LIFETIME)
            elif order.status == "WAITING" and shown[2] == "FAILED":
                self._check_giving_up(order, rows)
                self.learned["given up"] += 1
                for books in (*self.trail, self.books):
                    books.refund(books.orders[id_], "FAILED")

    def _check_adoption(self, order: Order, number: str, rows: list[ActiveActivation]) -> None:
        assert order.pair in [(row.service, row.country) for row in rows if row.activation_id == number]
        assert self.owner(number) is None

    def _check_giving_up(self, order: Order, rows: list[ActiveActivation]) -> None:
        held = self.now - order.sent
        assert held > (HOLD_WITHOUT_LIST if self.can_list else HOLD_AT_MOST) or order.lists >= 2
        same = [row.activation_id for row in rows if (row.service, row.country) == order.pair]
        assert not [number for number in same if not self.owner(number) and self.sold_at(number) >= order.sent]

    def find_moment(self, seen: Seen) -> None:
        """The call died on its way: the books are as they were at one of its steps."""
        for books in self.trail:
            books.is_paused = seen["is_paused"]
        self.books = next((books for books in reversed(self.trail) if books.seen() == seen), self.books)
        for order in self.books.orders.values():
            order.asked = self.now
