"""The few words that every provider's dialect is turned into."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Protocol


class State(Enum):
    WAITING = "waiting"  # no SMS yet
    RECEIVED = "received"  # an SMS is there
    WAITING_AGAIN = "waiting_again"  # asked for another SMS, not there yet
    FINISHED = "finished"  # over and kept; the provider keeps the money
    CANCELLED = "cancelled"  # over without an SMS; the provider gives the money back
    GONE = "gone"  # the provider no longer knows the id: proves nothing about the money


OPEN_STATES = frozenset({State.WAITING, State.RECEIVED, State.WAITING_AGAIN})


@dataclass(frozen=True, slots=True)
class Sms:
    """One SMS as the provider tells it.

    body: the whole text where the provider gives it, else the code.
    key: tells two SMS of one activation apart when read twice from the same source (the provider's
        SMS id, else its time and body); at most 64 characters.
    """

    body: str
    key: str


@dataclass(frozen=True, slots=True)
class Activation:
    """A number that was just bought.

    phone: E.164, with the plus.
    cost: what the provider took, in the provider's currency; None where the reply does not say.
    lifetime: end minus start where the reply gives both, else None.
    """

    activation_id: str
    phone: str
    cost: Decimal | None
    lifetime: timedelta | None


@dataclass(frozen=True, slots=True)
class Status:
    state: State
    sms: tuple[Sms, ...] = ()  # oldest first, what the provider still shows


@dataclass(frozen=True, slots=True)
class ActiveActivation:
    """One row of the provider's list of open activations."""

    activation_id: str
    service: str
    country: int | None
    phone: str
    cost: Decimal | None
    state: State | None  # None where the row does not say it clearly
    sms: tuple[Sms, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryRow:
    activation_id: str
    phone: str
    cost: Decimal | None
    state: State | None
    sms: tuple[Sms, ...] = ()


@dataclass(frozen=True, slots=True)
class CountryRow:
    country: int
    name: str


@dataclass(frozen=True, slots=True)
class ServiceRow:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class OfferRow:
    country: int
    service: str
    cost: Decimal
    count: int


class CallClass(Enum):
    """Who is served first when the call budget is short."""

    PURCHASE = 0
    CANCEL = 1
    NEXT_SMS = 2
    POLL = 3
    SWEEP = 4
    CATALOGUE = 5


class Budget(Protocol):
    """Hands out the provider's calls; one bucket for all processes."""

    def take(self, call: CallClass, wait_seconds: float) -> bool:
        """True when the call may be made now; False when it would have to wait longer."""

    def pause(self, seconds: float) -> None:
        """No calls for so long: the provider said that we are too fast."""


class Guard(Protocol):
    """Watches over a provider's calls: none while it does not answer, and few at once."""

    in_trouble: Callable[[str], None]

    @property
    def is_on_trial(self) -> bool:
        """It did not answer, and nothing has shown yet that it does again."""

    def holds_back(self, call: CallClass | None = None) -> bool:
        """Whether a call may not be made now."""

    def seat(self, call: CallClass) -> AbstractContextManager[bool]:
        """Whether one more call may wait for the provider beside those that do."""

    def succeeded(self) -> None:
        """It answered, be it with a refusal."""

    def failed(self) -> None:
        """No answer, or none that makes sense."""


class Upstream(Protocol):
    """What an adapter offers. Every method raises an error of catalog.upstream.errors."""

    can_list: bool
    has_history: bool

    def buy(self, service: str, country: int, max_cost: Decimal | None) -> Activation: ...
    def status(self, activation_id: str, *, timeout: float | None = None) -> Status: ...
    def active(self) -> Iterable[ActiveActivation]: ...
    def history(self, since: datetime, until: datetime) -> list[HistoryRow]: ...
    def next_sms(self, activation_id: str) -> None: ...
    def cancel(self, activation_id: str, *, timeout: float | None = None) -> None: ...
    def finish(self, activation_id: str) -> None: ...
    def balance(self) -> Decimal: ...
    def countries(self) -> list[CountryRow]: ...
    def services(self) -> list[ServiceRow]: ...
    def offers(self) -> list[OfferRow]: ...
