"""What happens at the card sandbox, step by step; each step is done there over its own knobs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from accounts.topups.sandbox.cards import CardSandbox


@dataclass
class Till:
    """A session at the sandbox, with what was made for it."""

    cards: CardSandbox
    session: str
    payments: list[str] = field(default_factory=list)
    refund: str = ""

    def pay(self) -> None:
        self.payments.append(self.cards.pay(self.session))

    def pay_half(self) -> None:
        self.payments.append(self.cards.pay(self.session, amount=500))

    def pay_in_euro(self) -> None:
        self.payments.append(self.cards.pay(self.session, currency="eur"))

    def pay_again(self) -> None:
        self.payments.append(self.cards.pay_twice(self.session)[1])

    def expire(self) -> None:
        self.cards.expire(self.session)

    def pay_late(self) -> None:
        self.payments.append(self.cards.pay_late(self.session))

    def send(self) -> None:
        self.payments.append(self.cards.pay_async(self.session))

    def arrive(self) -> None:
        self.cards.settle_async(self.session, ok=True)

    def bounce(self) -> None:
        self.cards.settle_async(self.session, ok=False)

    def dispute(self) -> None:
        self.cards.dispute(self.payments[-1])

    def win(self) -> None:
        self.cards.close_dispute(self.payments[-1], won=True)

    def lose(self) -> None:
        self.cards.close_dispute(self.payments[-1], won=False)

    def refund_part(self) -> None:
        self.cards.hold_refunds()
        self.refund = self.cards.refund_by_hand(self.payments[-1], 400)

    def refund_done(self) -> None:
        self.cards.settle_refund(self.refund, ok=True)

    def refund_fails(self) -> None:
        self.cards.settle_refund(self.refund, ok=False)


@dataclass(frozen=True)
class Story:
    """credits: US cents of each payment. keeps: what is left of them in the end."""

    steps: tuple[Callable[[Till], None], ...]
    credits: tuple[int, ...]
    keeps: int


STORIES = (
    Story((Till.pay,), (1000,), 1000),
    Story((Till.pay_half,), (500,), 500),
    Story((Till.pay_in_euro,), (), 0),
    Story((Till.expire, Till.pay_late), (1000,), 1000),
    Story((Till.expire,), (), 0),
    Story((Till.send, Till.arrive), (1000,), 1000),
    Story((Till.send, Till.bounce), (), 0),
    Story((Till.pay, Till.pay_again), (1000, 1000), 2000),
    Story((Till.pay, Till.pay_again, Till.dispute, Till.lose), (1000, 1000), 1000),
    Story((Till.pay, Till.dispute, Till.win), (1000,), 1000),
    Story((Till.pay, Till.dispute, Till.lose), (1000,), 0),
    Story((Till.pay, Till.refund_part, Till.refund_done), (1000,), 600),
    Story((Till.pay, Till.refund_part, Till.refund_fails), (1000,), 1000),
)
