"""What can go wrong between the shop and TronGrid, on order.

timeout  no reply, ever: the connection stays open until the shop gives up
close    the connection is closed without a byte of reply
reset    the same with a TCP reset
cut      headers promise the whole reply, half of its body, or of `body`, comes, then the end
drip     the body comes byte by byte, `seconds` apart
drip_headers  the same with the headers, without end
reply    `status`, `headers` and `body` as given
"""

import threading
from dataclasses import dataclass, field

KINDS = frozenset({"timeout", "close", "reset", "cut", "drip", "drip_headers", "reply"})


@dataclass(slots=True)
class Fault:
    """path: how the path of the calls begins that it hits. after: calls of these that go well first.

    times: how many calls then go wrong; None is all until cleared.
    """

    kind: str
    path: str = "/"
    times: int | None = 1
    after: int = 0
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.2

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}")


class Faults:
    """The queue of what will go wrong: the oldest that fits a call hits it. Thread-safe."""

    def __init__(self) -> None:
        self._queue: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._queue.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._queue.clear()

    def take(self, path: str) -> Fault | None:
        with self._lock:
            hit = next((fault for fault in self._queue if path.startswith(fault.path)), None)
            if hit is None:
                return None
            if hit.after:
                hit.after -= 1
                return None
            if hit.times is not None:
                hit.times -= 1
                if hit.times <= 0:
                    self._queue.remove(hit)
            return hit
