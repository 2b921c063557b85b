"""What the oracle keeps in mind: orders, money, prices; and what it hears."""

from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, Decimal
from typing import Any

OPEN, REFUNDED = ("WAITING", "RECEIVED"), ("FAILED", "CANCELLED")
Pair = tuple[str, int]
Seen = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Telling:
    """One answer of the provider's. about: the number's id, where it is about one."""

    verb: str
    about: str
    answer: object


@dataclass(slots=True)
class Order:
    """number: the provider's id; None while nobody knows what became of the purchase. asked: the provider."""

    user: int
    pair: Pair
    price: int
    sent: int
    asked: int
    status: str = "WAITING"
    number: str | None = None
    ends: int = 0
    sms: tuple[str, ...] = ()
    body: str | None = None
    lists: int = 0

    @property
    def shown(self) -> tuple[Any, ...]:
        """Status, charge, refund, SMS, all SMS; as its customer sees it."""
        sms = (None, ()) if self.status in REFUNDED else (self.body, self.sms)
        return (self.status, self.price, self.price * (self.status in REFUNDED), *sms)


@dataclass(slots=True)
class Books:
    """Everything that a transaction may change. prices: what a pair costs us, None where it is not for sale."""

    balances: list[int]
    debts: list[int]
    costs: dict[Pair, Decimal | None]
    percent: Decimal = Decimal(30)
    is_paused: bool = False
    is_stopped: bool = False
    orders: dict[str, Order] = field(default_factory=dict)

    def copy(self) -> "Books":
        orders = {id_: replace(order) for id_, order in self.orders.items()}
        return replace(self, balances=[*self.balances], debts=[*self.debts], costs={**self.costs}, orders=orders)

    def seen(self) -> Seen:
        prices = {pair: price for pair in self.costs if (price := self.price(pair)) is not None}
        orders = {id_: (order.user, order.number, *order.shown) for id_, order in self.orders.items()}
        money = {"balances": self.balances, "debts": self.debts, "prices": prices}
        return {**money, "is_paused": self.is_paused, "orders": orders}

    def price(self, pair: Pair) -> int | None:
        """Cents, rounded up; never under the cost."""
        cost = self.costs[pair]
        if cost is None:
            return None
        return int(max(cost * 100, cost * (100 + self.percent), Decimal(1)).to_integral_value(ROUND_CEILING))

    def receive(self, user: int, cents: int) -> None:
        """Debts are paid first."""
        self.balances[user] += cents
        repaid = min(self.debts[user], self.balances[user]) if cents > 0 else 0
        self.balances[user] -= repaid
        self.debts[user] -= repaid

    def refund(self, order: Order, status: str) -> None:
        order.status = status
        self.receive(order.user, order.price)

    def adopt(self, id_: str, number: str, ends: int) -> None:
        self.orders[id_].number, self.orders[id_].ends = number, ends
