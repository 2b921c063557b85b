"""What can go wrong between the shop and the sandbox, on order.

timeout  no reply, ever: the connection stays open until the shop gives up
close    the connection is closed without a byte of reply
reset    the same with a TCP reset
cut      headers promise the whole reply, half of its body comes, then the end
drip     the reply comes a byte at a time, ten a second
html     a page instead of a reply, with 200
500, 502, 503, 429, 401, 403, 409  a refusal in Stripe's form with that status
reply    `status` and `body` as given
"""

import threading
from dataclasses import dataclass

ON_THE_LINE = frozenset({"timeout", "close", "reset", "cut", "drip"})
STATUSES = frozenset({"500", "502", "503", "429", "401", "403", "409"})
KINDS = ON_THE_LINE | STATUSES | {"html", "reply"}


@dataclass(slots=True)
class Fault:
    """call: whose it hits, such as "POST refunds"; * is any. times: None is all until cleared.

    after: the call is carried out first, and only its reply is spoiled.
    """

    call: str
    kind: str
    times: int | None = 1
    after: bool = False
    status: int = 200
    body: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}")


class Faults:
    """The oldest that fits a call hits it. Thread-safe."""

    def __init__(self) -> None:
        self._queue: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._queue.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._queue.clear()

    def take(self, call: str) -> Fault | None:
        with self._lock:
            for fault in self._queue:
                if fault.call in ("*", call):
                    if fault.times is not None:
                        fault.times -= 1
                    if fault.times == 0:
                        self._queue.remove(fault)
                    return fault
        return None
