"""What every payment gateway speaks: a few words, in amounts of its own currency."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Wish:
    """What the customer wants to pay in.

    top_up_id: also the idempotency key; the same wish twice is one wish at the gateway.
    amount: in units of the currency, such as 25.50, never more digits than the currency has.
    return_url: where the customer comes back to, whatever became of the payment.
    """

    top_up_id: str
    amount: Decimal
    currency: str
    return_url: str
    email: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Started:
    """ref: the gateway's name of the wish: a session, an address, a bank reference. url: its hosted page, if any."""

    ref: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified webhook: that something happened, not what. The gateway is read to learn what.

    ref: of the wish. payment_ref: of the payment. At least one is known, or the event is not about a payment of ours.
    """

    event_id: str
    kind: str
    ref: str = ""
    payment_ref: str = ""


class Dispute(StrEnum):
    NONE = ""
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class RefundStage(StrEnum):
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Refunded:
    """A refund at the gateway. refund_id: ours, as the gateway was told; empty where somebody made it there by hand."""

    ref: str
    refund_id: str
    amount: Decimal
    stage: RefundStage
    why: str = ""


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment that the gateway captured. currency: upper case, or the token's name.

    top_up_id: as the gateway was told at the start; empty where it does not know.
    """

    ref: str
    amount: Decimal
    currency: str
    at: datetime
    top_up_id: str = ""
    dispute: Dispute = Dispute.NONE
    disputed: Decimal = Decimal(0)
    refunds: tuple[Refunded, ...] = ()


class Stage(StrEnum):
    """What became of a wish, payments aside."""

    OPEN = "open"
    PENDING = "pending"  # paid by the customer, not captured yet
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Reading:
    """All that the gateway knows of a wish at this moment.

    why: in the gateway's words, for a failure. confirmations: of a payment on its way over a chain.
    """

    stage: Stage
    paid: tuple[Paid, ...] = ()
    why: str = ""
    confirmations: int | None = None


@dataclass(frozen=True, slots=True)
class Refunding:
    """refund_id: also the idempotency key."""

    refund_id: str
    payment_ref: str
    amount: Decimal
    currency: str


class GatewayError(Exception):
    """why: for ops; no secrets."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Unreachable(GatewayError):
    """No clear answer: nobody knows whether it was done. Asking again with the same key is safe."""


class Refused(GatewayError):
    """A clear no: nothing was done."""


class BadSignature(GatewayError):
    """The webhook is forged, damaged, or too old."""


class NotSupported(GatewayError):
    """This gateway can't do that: a person has to."""


class Gateway:
    """One way to pay. Calls take no longer than ten seconds and raise Unreachable or Refused."""

    def start(self, wish: Wish) -> Started:
        """Where the customer pays; the same wish twice is one payment."""
        raise NotSupported("no payment begins here")

    def read(self, ref: str) -> Reading:
        """The wish and its payments as they are now."""
        raise NotSupported("payments are not followed")

    def read_payment(self, payment_ref: str) -> Paid | None:
        """One payment as it is now; None where nothing is captured."""
        raise NotSupported("payments are not read one by one")

    def notice(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Verify a webhook on its raw bytes. headers: with lower-case names. Raises BadSignature."""
        raise BadSignature("no webhooks are expected here")

    def paid_since(self, moment: datetime) -> Iterable[Paid]:
        """All payments captured since, ours and others', for the reconciler."""
        raise NotSupported("payments are not listed")

    def refund(self, refunding: Refunding) -> Refunded:
        """Give money back to where it came from; the same refund_id twice is one refund. Raises NotSupported."""
        raise NotSupported("a person sends it")
