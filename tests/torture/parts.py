"""What the driver runs: parts, each a function that returns the rows of the table that it filled.

Most parts are a selection of the tests in their long form: environment variables scale them, and they tell
their figures by `tests.torture.figures`. Such a part is a `Suite`.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture import figures

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Row:
    """goal: its id, such as M4. what: what ran. many: how much of it. found: what came out, with numbers."""

    goal: str
    what: str
    many: str
    found: str
    seconds: float
    ok: bool


Part = Callable[[], list[Row]]


@dataclass(frozen=True)
class Suite:
    """A part that runs tests in a process of their own and judges the figures that they recorded.

    selection: what pytest is given. environ: what scales the tests. many, found: templates over the
    figures, such as "{rounds} rounds". at_least, at_most: the numbers that the goal names; a figure that
    was not recorded misses them. limit: seconds, after which it is ended and counts as failed.
    """

    goal: str
    what: str
    selection: Sequence[str]
    many: str = ""
    found: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    at_least: Mapping[str, float] = field(default_factory=dict)
    at_most: Mapping[str, float] = field(default_factory=dict)
    limit: float = 1800

    def __call__(self) -> list[Row]:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="jiema-torture-") as folder:
            file = Path(folder) / "figures"
            failure = self._run(file)
            told = figures.read(file)
        missed = self._missed(told)
        found = "; ".join(filter(None, (_filled(self.found, told), *missed, failure)))
        seconds = time.monotonic() - began
        return [Row(self.goal, self.what, _filled(self.many, told), found, seconds, not (missed or failure))]

    def _run(self, file: Path) -> str:
        """What went wrong, in a line; empty where all tests passed. Their output is ours."""
        argv = [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            "0",
            "--tb=short",
            "-o",
            "faulthandler_timeout=0",
            *self.selection,
        ]
        environ = {**os.environ, **self.environ, figures.VARIABLE: str(file)}
        try:
            done = subprocess.run(argv, cwd=ROOT, env=environ, stdout=sys.stderr, check=False, timeout=self.limit)
        except subprocess.TimeoutExpired:
            return f"not over after {self.limit:.0f} s"
        return "" if done.returncode == 0 else f"pytest ended with {done.returncode}"

    def _missed(self, told: Mapping[str, float]) -> list[str]:
        """A figure that is not there misses either way."""
        low = [(name, ">=", n) for name, n in self.at_least.items() if not told.get(name, n - 1) >= n]
        high = [(name, "<=", n) for name, n in self.at_most.items() if not told.get(name, n + 1) <= n]
        return [f"{name} is {told.get(name)}, must be {sign} {n:g}" for name, sign, n in low + high]


def _filled(template: str, told: Mapping[str, float]) -> str:
    """A figure that nobody recorded shows as a question mark."""
    return template.format_map(_Shown(told))


class _Shown(dict[str, str]):
    def __init__(self, told: Mapping[str, float]) -> None:
        super().__init__({name: f"{n:,}" if isinstance(n, int) else f"{n:,.2f}" for name, n in told.items()})

    def __missing__(self, name: str) -> str:
        return f"? {name}"


def table(rows: Sequence[Row]) -> str:
    lines = ["| goal | what ran | how many | found | seconds | |", "|---|---|---|---|---|---|"]
    for row in rows:
        verdict = "ok" if row.ok else "**NOT**"
        lines.append(f"| {row.goal} | {row.what} | {row.many} | {row.found} | {row.seconds:.0f} | {verdict} |")
    return "\n".join(lines)
