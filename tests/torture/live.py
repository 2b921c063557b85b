"""The parts that need a whole running shop: hammer, hanging provider, chaos. TORTURE_SEED gives them other seeds."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.torture import chaos, hammer, hang
from tests.torture.parts import Row
from tests.torture.shop import Running, running

PURSES = (2_000, 20_000, 300, 20_000, 5_000, 100_000)  # cents: some run out, and race for the last of it
SEED = int(os.environ.get("TORTURE_SEED", "1"))
OPERATIONS, SEEDS = 20_000, tuple(range(SEED, SEED + 4))
HANG_SECONDS, HANG_RATIO = 60.0, 1.5
FULL = chaos.Plan(kills=100, beats=5, postgres=10, valkey=3, freezes=10, gap=(0.5, 3.5), freeze=(1, 25), seed=SEED)


def hammered() -> list[Row]:
    return _with_shop(lambda shop: [_hammer(shop)])


def hung() -> list[Row]:
    return _with_shop(lambda shop: [_hang(shop)])


def in_chaos() -> list[Row]:
    return _with_shop(lambda shop: [_chaos(shop)], proxied_database=True)


def _with_shop(measure: Callable[[Running], list[Row]], *, proxied_database: bool = False) -> list[Row]:
    """Logs and journals are kept where a goal was missed."""
    kept = Path(tempfile.mkdtemp(prefix="jiema-torture-logs-"))
    with running(PURSES, proxied_database=proxied_database, keep=kept) as shop:
        rows = measure(shop)
    if all(row.ok for row in rows):
        shutil.rmtree(kept)
    else:
        sys.stderr.write(f"Logs and journals: {kept}\n")
    return rows


def _hammer(shop: Running) -> Row:
    began = time.monotonic()
    done = hammer.run(shop, operations=OPERATIONS, seeds=SEEDS, threads=2)
    _tell(done.wrong)
    codes = ", ".join(f"{code} {count:,}" for code, count in done.codes.most_common())
    found = (
        f"{done.negative} negative, {done.drift} drift, {done.deadlocks} deadlocks, {done.faults} answers of 500, "
        f"{len(done.wrong)} contradictions; {codes}"
    )
    many = f"{done.operations:,} operations by {len(SEEDS)} processes, {done.operations / done.seconds:.0f} a second"
    ok = done.ok and done.operations >= OPERATIONS
    return Row("M1", "hammer over HTTP", many, found, time.monotonic() - began, ok)


def _hang(shop: Running) -> Row:
    began = time.monotonic()
    done = hang.run(shop, HANG_SECONDS)
    _tell(done.wrong)
    found = (
        f"p95 {done.before:.0f} ms before, {done.during:.0f} ms while it hangs: ratio {done.ratio:.2f}; "
        f"{done.failed} failed"
    )
    ok = done.ratio <= HANG_RATIO and not (done.failed or done.wrong)
    return Row("F15", "reads while the provider hangs", f"{done.reads:,} reads", found, time.monotonic() - began, ok)


def _chaos(shop: Running) -> Row:
    began = time.monotonic()
    done = chaos.run(shop, FULL)
    _tell(done.wrong)
    many = ", ".join(f"{count} × {name}" for name, count in sorted(done.faults.items()))
    found = (
        f"{done.answers:,} answers of {done.counts.total():,} calls, {done.orders:,} orders; consistent "
        f"{done.settled_after:.0f} s after; {len(done.wrong)} contradictions; {done.losses} numbers paid after a refund"
    )
    ok = not done.wrong and done.settled_after <= chaos.CONSISTENT_WITHIN and done.kills >= FULL.kills
    return Row("M4", "chaos of real processes", many, found, time.monotonic() - began, ok)


def _tell(wrong: Sequence[str]) -> None:
    for line in wrong:
        sys.stderr.write(f"{line}\n")
