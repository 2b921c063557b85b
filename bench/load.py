"""One cell of a round: wrk against one server for some seconds, and what that cost the server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

LUA = Path(__file__).with_name("wrk.lua")
TICKS = os.sysconf("SC_CLK_TCK")
WARM_SECONDS, COUNTED_SECONDS = 2, 3


class CannotMeasure(Exception):
    """One sentence for whoever sits at the terminal."""


@dataclass(frozen=True)
class Cell:
    """rps: requests a second. p50, p99: microseconds. cpu: of the server's processes, microseconds a request.

    errors: connections that failed and answers of status 400 and over; warming up counts too.
    """

    rps: float
    p50: int
    p99: int
    cpu: float
    errors: int


def wrk() -> str:
    found = shutil.which("wrk")
    if found is None:
        raise CannotMeasure("wrk is missing: install it (on Debian and Ubuntu: apt install wrk) and try again.")
    return found


def measure(address: str, pid: int, targets: Path, connections: int, script: Path = LUA) -> Cell:
    """pid: leader of the session that all the server's processes belong to. targets: `path token` lines."""
    warm = _run(address, targets, connections, WARM_SECONDS, script)
    before = cpu_seconds(pid)
    counted = _run(address, targets, connections, COUNTED_SECONDS, script)
    spent = cpu_seconds(pid) - before
    return Cell(
        rps=counted["requests"] / counted["microseconds"] * 1e6,
        p50=counted["p50"],
        p99=counted["p99"],
        cpu=spent / max(1, counted["requests"]) * 1e6,
        errors=warm["errors"] + counted["errors"],
    )


def _run(address: str, targets: Path, connections: int, seconds: int, script: Path) -> dict[str, int]:
    argv = [wrk(), "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "10", "-s", str(script), address]
    done = subprocess.run([*argv, "--", str(targets)], capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines or not lines[-1].startswith("{"):
        raise CannotMeasure(f"wrk failed: {(done.stderr or done.stdout).strip()[-300:]}")
    figures: dict[str, int] = json.loads(lines[-1])
    return figures


def cpu_seconds(session: int) -> float:
    """User and system time of all processes of the session."""
    return sum(_ticks(stat, session) for stat in Path("/proc").glob("[0-9]*/stat")) / TICKS


def _ticks(stat: Path, session: int) -> int:
    """The fields follow the program's name, which stands in parentheses and may hold some itself."""
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0
    return int(fields[11]) + int(fields[12]) if int(fields[3]) == session else 0
