"""Customers of the shop, in threads. Standard library only.

`python -m tests.torture.load '{…}'` runs a `Load` in a process of its own, until its operations are done.
"""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from tests.torture.client import Journal, Person, Reply
from tests.torture.shopper import Purse, Shopper


class Load:
    """Threads of customers. operations: None goes on until `stop`. pause: seconds between calls, the mean."""

    def __init__(
        self,
        port: int,
        people: Sequence[Person],
        journal: Path,
        *,
        threads: int = 2,
        seed: int = 1,
        operations: int | None = None,
        pause: float = 0.0,
    ) -> None:
        self.port = port
        self.pause = pause
        self.journal = Journal(journal)
        self.counts: Counter[str] = Counter()
        self.purses = [Purse(person) for person in people]
        self._left = operations
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._shoppers = [
            Shopper(self, purse, f"{seed}-{purse.person.name}-{number}")
            for purse in self.purses
            for number in range(threads)
        ]

    def __enter__(self) -> Self:
        for shopper in self._shoppers:
            shopper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.journal.close()

    def take_turn(self) -> bool:
        with self._lock:
            if self._left is not None:
                self._left -= 1
            return not self._over.is_set() and (self._left is None or self._left >= 0)

    def count(self, reply: Reply) -> None:
        with self._lock:
            self.counts[f"{reply.status or 'lost'} {reply.code}".strip()] += 1

    def wait(self) -> None:
        for shopper in self._shoppers:
            shopper.join()

    def stop(self) -> None:
        """Waits for the calls that are under way."""
        self._over.set()
        self.wait()

    def settle(self, limit: float) -> dict[str, str]:
        """Repeat every call without a last word until it has one; those that still have none, with why."""
        end = time.monotonic() + limit
        left: dict[str, str] = {}
        for purse in self.purses:
            left |= Shopper(self, purse, f"last-{purse.person.name}").settle(end)
        return left


def main(told: dict[str, Any]) -> None:
    people = [Person(**person) for person in told.pop("people")]
    with Load(people=people, journal=Path(told.pop("journal")), **told) as load:
        load.wait()
        left = load.settle(limit=60)
    sys.stdout.write(json.dumps({"counts": load.counts, "unsettled": left}) + "\n")


def command(load: dict[str, Any], people: Sequence[Person], journal: Path) -> list[str]:
    """What starts `main` in a process of its own."""
    told = json.dumps({**load, "people": [asdict(person) for person in people], "journal": str(journal)})
    return [sys.executable, "-m", "tests.torture.load", told]


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
