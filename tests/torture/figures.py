"""Figures of a test for the table of `make torture`.

A test that has something to count says so in its last line, after its assertions or before them:

    from tests.torture import figures
    figures.record(rounds=1000, refunds_too_many=0)     # added up over all tests and processes
    figures.record_most(oldest_orphan_seconds=41.5)     # the greatest of all

Both do nothing unless $TORTURE_FIGURES names a file, which the driver sets for each of its parts and reads
with `read`. Every call appends one line of JSON, so that many processes may write at once.
"""

import json
import os
from pathlib import Path

VARIABLE = "TORTURE_FIGURES"
Number = int | float


def record(**figures: Number) -> None:
    _append("sum", figures)


def record_most(**figures: Number) -> None:
    _append("most", figures)


def read(file: Path) -> dict[str, Number]:
    found: dict[str, Number] = {}
    for line in file.read_text().splitlines() if file.exists() else ():
        told = json.loads(line)
        for name, number in told["figures"].items():
            known = found.get(name)
            if known is None:
                found[name] = number
            else:
                found[name] = max(known, number) if told["kind"] == "most" else known + number
    return found


def _append(kind: str, figures: dict[str, Number]) -> None:
    if file := os.environ.get(VARIABLE):
        with open(file, "a") as lines:
            lines.write(json.dumps({"kind": kind, "figures": figures}) + "\n")
