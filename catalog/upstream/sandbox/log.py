"""Every call that was made, for tests to count."""

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 10_000


@dataclass(slots=True)
class Call:
    """number: 1, 2, ... since the start. at: on the sandbox's clock. params: without the key.

    status: 0 where no reply was sent. fault: what spoiled it, if anything.
    """

    number: int
    at: float
    action: str
    params: dict[str, str]
    fault: str | None = None
    status: int = 0


class CallLog:
    """Counts all calls and remembers the last ten thousand. Thread-safe."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT)
        self._counts: Counter[str] = Counter()
        self._number = 0
        self._lock = threading.Lock()

    def start(self, at: float, action: str, params: dict[str, str]) -> Call:
        told = {name: value for name, value in params.items() if name not in ("api_key", "action")}
        with self._lock:
            self._number += 1
            self._counts[action] += 1
            call = Call(self._number, at, action, told)
            self._calls.append(call)
            return call

    def count(self, action: str) -> int:
        with self._lock:
            return self._counts[action]

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)

    def calls(self, action: str | None = None, since: int = 0) -> list[Call]:
        """Those after number `since`, oldest first."""
        with self._lock:
            return [c for c in self._calls if c.number > since and action in (None, c.action)]

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self._counts.clear()

    def as_dict(self, action: str | None, since: int) -> dict[str, Any]:
        calls = [asdict(call) for call in self.calls(action, since)]
        counts = self.counts()
        return {"total": sum(counts.values()), "counts": counts, "calls": calls}
