"""What goes wrong at a provider, by chance and reproducibly: the fate of every call is drawn from a seed."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

from catalog.upstream.sandbox.faults import Fault, Faults

# (share of the calls, kind of the fault), as in catalog.upstream.sandbox.faults.
Table = Sequence[tuple[float, str]]

# 20 % sold and then silent, 10 % reset, 5 % truncated, 5 % garbage, 10 % 429 and 5xx of which some have sold.
PURCHASES: Table = (
    *((0.20, "sold_then_timeout"), (0.05, "sold_then_reset"), (0.05, "reset"), (0.05, "cut")),
    *((0.02, "sold_then_html"), (0.01, "sold_then_empty"), (0.01, "sold_then_error_sql"), (0.01, "html")),
    *((0.02, "429"), (0.02, "500"), (0.02, "503"), (0.02, "sold_then_500"), (0.02, "sold_then_502")),
)
READS: Table = tuple((0.02, kind) for kind in ("timeout", "reset", "cut", "html", "empty", "502", "429"))
CHANGES: Table = tuple((0.03, kind) for kind in ("sold_then_timeout", "reset", "sold_then_502", "429", "cut"))
ROUGH: Mapping[str, Table] = {
    **dict.fromkeys(("getNumber", "getNumberV2"), PURCHASES),
    **dict.fromkeys(("getActiveActivations", "getHistory", "getStatus", "getStatusV2"), READS),
    "setStatus": CHANGES,
}


class Weather(Faults):
    """Takes the place of a sandbox's `faults`. drawn: how often each kind has hit a purchase."""

    def __init__(self, seed: int, tables: Mapping[str, Table] = ROUGH) -> None:
        super().__init__()
        self.drawn: Counter[str] = Counter()
        self._tables = tables
        self._chance = Random(seed)
        self._drawing = threading.Lock()

    def take(self, action: str) -> Fault | None:
        with self._drawing:
            kind = self._draw(self._tables.get(action, ()))
            if kind and action.startswith("getNumber"):
                self.drawn[kind] += 1
        return Fault(kind, action) if kind else super().take(action)

    def _draw(self, table: Table) -> str | None:
        at = self._chance.random()
        for share, kind in table:
            at -= share
            if at < 0:
                return kind
        return None
