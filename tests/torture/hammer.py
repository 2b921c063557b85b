"""Mixed operations from several client processes at once, as fast as they go."""

import json
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.torture.books import wait_until_consistent
from tests.torture.judge import judge
from tests.torture.load import command
from tests.torture.parts import ROOT
from tests.torture.shop import Running

_DRIFT = """
    SELECT count(*) FROM wallet_wallet w
    WHERE balance_cents <> (SELECT coalesce(sum(amount_cents), 0) FROM wallet_entry e WHERE e.wallet_id = w.user_id)
"""
_NEGATIVE = """
    SELECT (SELECT count(*) FROM wallet_wallet WHERE balance_cents < 0)
         + (SELECT count(*) FROM wallet_entry WHERE balance_after < 0)
"""
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
SETTLED_WITHIN = 60.0
MOST_SECONDS = 1800


@dataclass(frozen=True)
class Outcome:
    """codes: answers by status and code. wrong: what the goal forbids beside the numbers here."""

    operations: int
    seconds: float
    codes: Counter[str]
    negative: int
    drift: int
    deadlocks: int
    wrong: list[str]

    @property
    def faults(self) -> int:
        return sum(count for code, count in self.codes.items() if code.startswith("500"))

    @property
    def lost(self) -> int:
        return sum(count for code, count in self.codes.items() if code.startswith("lost"))

    @property
    def ok(self) -> bool:
        return not (self.negative or self.drift or self.deadlocks or self.faults or self.lost or self.wrong)


def run(shop: Running, *, operations: int, seeds: Sequence[int], threads: int) -> Outcome:
    """A process for each seed, all at once; each has `threads` threads for each person."""
    before = _deadlocks(shop)
    began = time.monotonic()
    load = {"port": shop.port, "threads": threads, "operations": operations // len(seeds)}
    commands = [command({**load, "seed": seed}, shop.people, shop.logs / f"hammer-{seed}.journal") for seed in seeds]
    told = _all_of([subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) for argv in commands])
    seconds = time.monotonic() - began
    wrong = [f"key {key} has no last word: {why}" for each in told for key, why in each["unsettled"].items()]
    wrong += wait_until_consistent(shop, SETTLED_WITHIN)[1]
    wrong += judge(shop)
    codes: Counter[str] = sum((Counter(each["counts"]) for each in told), Counter())
    with shop.connect() as db:
        negative, drift = (int(db.execute(sql).fetchall()[0][0]) for sql in (_NEGATIVE, _DRIFT))
    return Outcome(codes.total(), seconds, codes, negative, drift, _deadlocks(shop) - before, wrong)


def _all_of(clients: Sequence[subprocess.Popen[str]]) -> list[dict[str, Any]]:
    """What each printed in the end."""
    try:
        return [json.loads(client.communicate(timeout=MOST_SECONDS)[0]) for client in clients]
    finally:
        for client in clients:
            client.kill()
            client.wait()


def _deadlocks(shop: Running) -> int:
    """PostgreSQL tells its statistics within a second."""
    time.sleep(1.1)
    with shop.connect() as db:
        return int(db.execute(_DEADLOCKS).fetchall()[0][0])
