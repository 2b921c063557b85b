"""A number that was sold, and what became of it."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum


class Phase(Enum):
    WAITING = "waiting"
    RECEIVED = "received"
    WAITING_AGAIN = "waiting again"
    FINISHED = "finished"  # over and kept
    CANCELLED = "cancelled"  # over at the buyer's wish, money back
    REFUNDED = "refunded"  # over by itself or by the provider, money back


OPEN = frozenset({Phase.WAITING, Phase.RECEIVED, Phase.WAITING_AGAIN})


@dataclass(slots=True)
class Message:
    """One SMS. code: what the provider reads out of the text; empty where it finds none."""

    id: int
    at: float
    text: str
    code: str
    sender: str
    shown: bool = False  # the buyer has been told of it

    @property
    def short(self) -> str:
        """What a reply without room for the text carries."""
        return self.code or self.text


@dataclass(slots=True)
class Activation:
    id: int
    phone: str  # digits with dial code, no plus
    service: str
    country: int
    operator: str
    cost: Decimal  # dollars
    bought_at: float
    ends_at: float
    phase: Phase = Phase.WAITING
    closed_at: float | None = None
    messages: list[Message] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.phase in OPEN

    @property
    def last(self) -> Message | None:
        return self.messages[-1] if self.messages else None
