"""What can go wrong between the shop and its buyer, on order.

Kinds; with `sold_then_` before it, the action is carried out first and only its reply is spoiled:

  timeout  no reply, ever: the connection stays open until the buyer gives up
  close    the connection is closed without a byte of reply
  reset    the same with a TCP reset
  cut      carried out; headers promise the whole reply, half of its body comes, then the end
  slow     the reply comes after `seconds`
  html     a page instead of a reply, with 200
  empty    no body, with 200
  error_sql  the word ERROR_SQL, with 200
  blocked  403 `error code: 1010`, as from an edge that dislikes the buyer
  429      in the dialect's form; with Retry-After where `retry_after` is given
  500, 502, 503, 504  a page with that status
  refuse   the dialect's form of `word` (NO_NUMBERS, NO_BALANCE, ...)
  reply    `status` and `body` as given
"""

import threading
from dataclasses import dataclass

from catalog.upstream.sandbox.engine.refusals import Refusal
from catalog.upstream.sandbox.wire.errors import Refuser
from catalog.upstream.sandbox.wire.reply import Reply

SOLD_THEN = "sold_then_"
ON_THE_LINE = frozenset({"timeout", "close", "reset", "cut", "slow"})
PAGES = frozenset({"500", "502", "503", "504"})
CANNED = frozenset({"html", "empty", "error_sql", "blocked", "429", "refuse", "reply"}) | PAGES
TELLS_FACTS = frozenset({"WRONG_MAX_PRICE", "BANNED", "CHANNELS_LIMIT", "EARLY_CANCEL_DENIED", "NEW_OTP_RECEIVED"})
_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


@dataclass(slots=True)
class Fault:
    """action: whose calls it hits; `*` is any. times: how many calls; None is all until cleared."""

    fault: str
    action: str = "*"
    times: int | None = 1
    seconds: float = 5.0
    retry_after: int | None = None
    word: str = "NO_NUMBERS"
    status: int = 200
    body: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ON_THE_LINE | CANNED:
            raise ValueError(f"no such fault: {self.fault}")
        if self.word in TELLS_FACTS:
            raise ValueError(f"{self.word} tells facts: turn the knob of the account or the rules that causes it")

    @property
    def kind(self) -> str:
        return self.fault.removeprefix(SOLD_THEN)

    @property
    def is_carried_out(self) -> bool:
        return self.fault.startswith(SOLD_THEN) or self.kind == "cut"


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

    def take(self, action: str) -> Fault | None:
        with self._lock:
            hit = next((fault for fault in self._queue if fault.action in ("*", action)), None)
            if hit is not None and hit.times is not None:
                hit.times -= 1
                if hit.times <= 0:
                    self._queue.remove(hit)
            return hit


def canned(fault: Fault, action: str, refuse: Refuser) -> Reply:
    """The reply of a fault that answers at all."""
    kind = fault.kind
    if kind in PAGES:
        return Reply(_PAGE.format(f"{kind} Server Error"), int(kind))
    match kind:
        case "429":
            plain = refuse(Refusal("RATE_LIMIT"), action)
            wait = () if fault.retry_after is None else (("Retry-After", str(fault.retry_after)),)
            return Reply(plain.body, plain.status, plain.is_json, wait)
        case "refuse":
            return refuse(Refusal(fault.word), action)
        case "html":
            return Reply(_PAGE.format("Just a moment..."))
        case "error_sql":
            return Reply("ERROR_SQL")
        case "blocked":
            return Reply("error code: 1010", 403)
    return Reply(fault.body, fault.status)
