"""`python -m bench.pages`: what 1,000 open order pages cost, asked for in three ways.

pulse: each page asks the small address every 1.5 s (orders/api/pulse.py). polled: each asks a view behind the session
every 2 s, as one would first write it. streams: each holds a line to a separate process, which looks once a second.
The first two are loaded by wrk in interleaved rounds, and told as CPU a request; the streams as CPU of 1,000 lines that
are held. Everything runs on a PostgreSQL and a Valkey of its own.
"""

from __future__ import annotations

import argparse
import http.client
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import psycopg

from bench.load import CannotMeasure, Cell, cpu_seconds, measure, wrk
from bench.seed import SQL_FILES, USERS, Contents
from bench.stage import ROOT, YARDSTICKS, Contestant, Stage
from jiema.api import tokens
from jiema.embedded.errors import CannotStart
from jiema.embedded.program import Program, stop_all, wait_until_up
from jiema.embedded.supervisor import run_step

PAGES = 1_000
CONNECTIONS = 64
LUA = Path(__file__).with_name("wrk_pages.lua")
# Seconds between two questions of one page.
EVERY = {"pulse": 1.5, "polled": 2.0}
HELD_SECONDS = 20


@dataclass(frozen=True)
class Cost:
    """database: CPU of all PostgreSQL processes, microseconds a request."""

    cell: Cell
    database: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    try:
        wrk()
        with tempfile.TemporaryDirectory(prefix="jiema-pages-") as name, _stage(Path(name)) as stage:
            print(_table(_rounds(stage, options.rounds), _streams(stage)))
    except (CannotStart, CannotMeasure) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _stage(folder: Path) -> Iterator[Stage]:
    folder.chmod(0o711)
    stage = Stage(folder)
    try:
        stage.start_stores()
        fill(stage)
        stage.start(stage.granian("constant", f"{YARDSTICKS}.constant:application"), "pulse-targets")
        stage.start(stage.granian("jiema", "jiema.wsgi:application"), "pulse-targets")
        stage.start(stage.granian("polled", f"{YARDSTICKS}.polled.wsgi:application"), "polled-targets")
        stage.start(stage.server("streams", stage.environment("jiema"), f"{YARDSTICKS}.streams", "{port}"))
        wait_until_up(stage.children, limit=60)
        yield stage
    finally:
        stop_all(stage.children)


def fill(stage: Stage) -> None:
    """5,000 orders that are over, 1,000 that are open, and their customers signed in."""
    stage.make_database("jiema", Contents(5_000, [tokens.new_token() for _ in range(USERS)]))
    with psycopg.connect(f"{stage.database_url}/jiema", autocommit=True) as db:
        db.execute("SET session_replication_role = replica")
        db.execute((SQL_FILES / "pages.sql").read_bytes())
        db.execute("VACUUM (ANALYZE)")
    argv = [sys.executable, "-m", "bench.visitors", str(stage.folder)]
    log = stage.folder / "visitors.log"
    run_step(Program("visitors", argv, stage.environment("jiema"), ROOT, log, is_up=lambda _pid: False))


def _rounds(stage: Stage, rounds: int) -> dict[str, list[Cost]]:
    """A B C .. A B C, so that a ratio compares neighbours in time."""
    asked = {"constant": "constant", "pulse": "jiema", "polled": "polled"}
    for name in ("pulse", "polled"):
        _require_silence(stage.contestants[asked[name]])
    costs: dict[str, list[Cost]] = {name: [] for name in asked}
    for number in range(rounds):
        print(f"bench: round {number + 1} of {rounds}", flush=True)
        for name, server in asked.items():
            costs[name].append(_cost(stage, stage.contestants[server]))
    return costs


def _require_silence(contestant: Contestant) -> None:
    """Every page is answered by 204, else something else would be measured. Raises CannotMeasure."""
    for line in contestant.targets.read_text().splitlines():
        path, *headers = line.split("\t")
        connection = http.client.HTTPConnection(urlsplit(contestant.address).netloc, timeout=10)
        connection.request("GET", path, headers=dict(header.split(": ", 1) for header in headers))
        status = connection.getresponse().status
        connection.close()
        if status != 204:
            raise CannotMeasure(f"{contestant.name} answers {path} by {status}, not by 204")


def _cost(stage: Stage, contestant: Contestant) -> Cost:
    """PostgreSQL's time is of warming up and counting, so it is shared among the requests of both."""
    before = _database_seconds(stage)
    cell = measure(contestant.address, contestant.pid, contestant.targets, CONNECTIONS, LUA)
    if cell.errors:
        raise CannotMeasure(f"void: {cell.errors} requests to {contestant.name} failed")
    requests = cell.rps * 5  # two seconds of warming up, three that count
    return Cost(cell, (_database_seconds(stage) - before) / requests * 1e6)


def _database_seconds(stage: Stage) -> float:
    """Of all of PostgreSQL's processes that run now: each leads a session of its own, and has the server for parent."""
    server = stage.children[0].process.pid
    return sum(cpu_seconds(pid) for pid in _children(server))


def _children(parent: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                yield int(stat.parent.name)


@dataclass(frozen=True)
class Held:
    """cores: of the streams' process and of PostgreSQL. megabytes: what 1,000 lines added to the process."""

    cores: float
    database_cores: float
    megabytes: float


def _streams(stage: Stage) -> Held:
    contestant = stage.contestants["streams"]
    memory = _resident_megabytes(contestant.pid)
    lines = [_open_line(contestant, number) for number in range(PAGES)]
    time.sleep(3)
    before, began = (cpu_seconds(contestant.pid), _database_seconds(stage)), time.monotonic()
    time.sleep(HELD_SECONDS)
    spent = time.monotonic() - began
    held = Held(
        (cpu_seconds(contestant.pid) - before[0]) / spent,
        (_database_seconds(stage) - before[1]) / spent,
        _resident_megabytes(contestant.pid) - memory,
    )
    for line in lines:
        line.close()
    return held


def _open_line(contestant: Contestant, number: int) -> socket.socket:
    address = urlsplit(contestant.address)
    line = socket.create_connection((address.hostname or "", address.port or 0))
    line.sendall(f"GET /streams/c{number:024} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return line


def _resident_megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def _table(costs: dict[str, list[Cost]], held: Held) -> str:
    lines = [
        "| way | every | requests a second of 1,000 pages | app CPU µs a request | PostgreSQL CPU µs a request "
        "| cores for 1,000 pages | ÷ polled |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in ("pulse", "polled"):
        rate = PAGES / EVERY[name]
        app, database = _middle(costs[name])
        neighbours = zip(costs[name], costs["polled"], strict=True)
        share = median(_cores(one, EVERY[name]) / _cores(other, EVERY["polled"]) for one, other in neighbours)
        lines.append(
            f"| {name} | {EVERY[name]} s | {rate:.0f} | {app:.0f} | {database:.0f} "
            f"| {rate * (app + database) / 1e6:.3f} | {share:.2f} |"
        )
    constant = _middle(costs["constant"])[0]
    lines.append(f"| a Django view that returns a constant | | | {constant:.0f} | | | |")
    lines.append(
        f"| streams | held | {PAGES} lines | | | {held.cores + held.database_cores:.3f} (+{held.megabytes:.0f} MB) | |"
    )
    return "\n".join(lines)


def _middle(costs: list[Cost]) -> tuple[float, float]:
    return median(cost.cell.cpu for cost in costs), median(cost.database for cost in costs)


def _cores(cost: Cost, every: float) -> float:
    return PAGES / every * (cost.cell.cpu + cost.database) / 1e6


if __name__ == "__main__":
    sys.exit(main())
