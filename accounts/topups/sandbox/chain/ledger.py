"""What is on the chain: blocks that come with time, transactions in them, and what tokens moved."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from itertools import count
from typing import Protocol

BLOCK_SECONDS = 3
SOLID_AFTER = 19
# The chain's first block, so that heights go on over restarts as the real ones do.
_GENESIS = 1_529_891_469
_START = 1_767_261_600.0
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def made_up_address(name: str) -> str:
    """A right address that nobody has the key of: the same for the same name."""
    body = b"\x41" + sha256(name.encode()).digest()[:20]
    number = int.from_bytes(body + sha256(sha256(body).digest()).digest()[:4], "big")
    letters = ""
    while number:
        number, digit = divmod(number, len(_ALPHABET))
        letters = _ALPHABET[digit] + letters
    return letters


@dataclass(frozen=True, slots=True)
class Token:
    address: str
    symbol: str
    name: str
    decimals: int = 6

    def units(self, amount: Decimal | str) -> int:
        """In the token's smallest unit. Raises ValueError where the amount has more digits than the token."""
        units = Decimal(amount).scaleb(self.decimals)
        if units != units.to_integral_value() or units < 0:
            raise ValueError(f"{self.symbol} has {self.decimals} digits")
        return int(units)


USDT = Token("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "USDT", "Tether USD")
FALSE_USDT = Token(made_up_address("false USDT"), "USDT", "Tether USD")


class Clock(Protocol):
    def now(self) -> float:
        """Unix seconds."""


class SystemClock:
    def now(self) -> float:
        return time.time()


class VirtualClock:
    """Stands still until it is advanced."""

    def __init__(self) -> None:
        self._now = _START

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds


@dataclass(frozen=True, slots=True)
class Event:
    """kind: Transfer or Approval. value: in the token's smallest unit."""

    kind: str
    token: Token
    sender: str
    to: str
    value: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """at: Unix seconds of its block."""

    txid: str
    block: int
    at: int
    events: tuple[Event, ...]
    succeeded: bool


class Ledger:
    """Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._lock = threading.RLock()
        self._transactions: dict[str, Transaction] = {}
        self._started_at = clock.now()
        self._numbers = count()

    def height(self) -> int:
        """The number of the newest block."""
        return int(self.clock.now() - _GENESIS) // BLOCK_SECONDS

    def block_time(self, block: int) -> int:
        """Unix seconds."""
        return _GENESIS + block * BLOCK_SECONDS

    def add(self, events: list[Event], succeeded: bool = True) -> Transaction:
        """Into the newest block."""
        with self._lock:
            block = self.height()
            txid = sha256(f"{self._started_at} {next(self._numbers)}".encode()).hexdigest()
            made = Transaction(txid, block, self.block_time(block), tuple(events), succeeded)
            self._transactions[txid] = made
            return made

    def drop(self, txid: str) -> None:
        """As where another branch of the chain won. Raises KeyError."""
        with self._lock:
            del self._transactions[txid]

    def find(self, txid: str) -> Transaction | None:
        with self._lock:
            return self._transactions.get(txid)

    def confirmations(self, transaction: Transaction) -> int:
        return max(0, self.height() - transaction.block)

    def events(self) -> Iterator[tuple[Transaction, Event]]:
        """Oldest first."""
        with self._lock:
            all_of_them = list(self._transactions.values())
        return ((each, event) for each in all_of_them for event in each.events)

    def balances(self, address: str) -> dict[str, int]:
        """By the token's address."""
        held: dict[str, int] = defaultdict(int)
        for transaction, event in self.events():
            if event.kind == "Transfer" and transaction.succeeded:
                held[event.token.address] += event.value * ((event.to == address) - (event.sender == address))
        return {token: value for token, value in held.items() if value > 0}
