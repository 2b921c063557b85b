"""The figures as Markdown, for the terminal and for RESULTS.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median

import psycopg
from redis import Redis

from bench.counts import Counts
from bench.goals import Round, findings, swing
from bench.load import COUNTED_SECONDS, WARM_SECONDS, Cell
from bench.stage import WORKERS, Stage

RESULTS = Path(__file__).with_name("RESULTS.md")
PACKAGES = ("Django", "djangorestframework", "psycopg", "granian", "gunicorn", "fastapi", "asyncpg", "uvicorn")
NAMES = {
    "constant": "Django view that returns a constant, granian",
    "jiema": "**jiema**, granian",
    "typical": "typical Django REST framework project, gunicorn",
    "fastapi": "FastAPI + asyncpg, the same work, uvicorn",
    "jiema256": "jiema, 256 connections",
}
HEAD = """\
# GET /api/v1/orders/:id, measured

The last `make bench`. Every client polls this request every few seconds, so it is the one that counts.

How to read it: look at the ratios, not at the absolute figures, which belong to one machine on one day. Client,
servers, PostgreSQL and Valkey share its cores. All servers run at once; each round loads them one after the
other by wrk, so that a ratio compares neighbours in time. The limiter is on, with limits that nobody reaches.
All orders are final (seven in ten have an SMS), so no provider is asked: this is a poll between two syncs. The
typical project (`yardsticks/typical`) is what tutorials make: sync workers, a connection a request (by
password, as all of them here), ModelSerializer, token authentication, the framework's throttle on a Redis cache.
FastAPI runs on plain uvicorn, without its optional parts in C (uvloop, httptools), which would make it faster.
"""


def markdown(stage: Stage, rounds: Sequence[Round], counts: Counts, orders: int) -> str:
    return "\n".join(
        [
            *_goals(rounds, counts),
            "",
            *_cells(rounds),
            "",
            f"{len(rounds)} rounds of {WARM_SECONDS} s discarded and {COUNTED_SECONDS} s counted per cell; "
            f"{orders:,} orders; {WORKERS} workers on {os.cpu_count()} cores; "
            f"the constant view swung by {swing(rounds):.2f} between rounds.",
            "",
            versions(stage),
            "",
        ]
    )


def _goals(rounds: Sequence[Round], counts: Counts) -> list[str]:
    lines = ["| id | goal | median | range | must | aim |", "|---|---|---|---|---|---|"]
    for finding in findings(rounds):
        goal, sign = finding.goal, "≥" if finding.goal.more_is_better else "≤"
        lines.append(
            f"| {goal.id} | {goal.text} | **{finding.middle:.3g}** | {finding.least:.3g} – {finding.most:.3g} "
            f"| {sign} {goal.must:g} {_word(finding.meets_must)} | {sign} {goal.aim:g} {_word(finding.meets_aim)} |"
        )
    each = f"{counts.statements} / {counts.commands} / {counts.connections}"
    is_least = counts == Counts(1, 1, 0)
    lines.append(
        "| H6 | SQL statements / Valkey commands / new connections a request "
        f"| **{each}** | exact | 1 / 1 / 0 {_word(is_least)} | |"
    )
    return lines


def _word(is_met: bool) -> str:
    return "met" if is_met else "**missed**"


def _cells(rounds: Sequence[Round]) -> list[str]:
    lines = [
        "| server | requests a second | p50 ms | p99 ms | app CPU µs a request |",
        "|---|---|---|---|---|",
    ]
    return lines + [_cell_line(name, [one[name] for one in rounds]) for name in rounds[0]]


def _cell_line(name: str, cells: Sequence[Cell]) -> str:
    speed, cpu = median(cell.rps for cell in cells), median(cell.cpu for cell in cells)
    p50, p99 = (median(times) / 1000 for times in zip(*((cell.p50, cell.p99) for cell in cells), strict=True))
    return f"| {NAMES[name]} | {speed:,.0f} | {p50:.1f} | {p99:.1f} | {cpu:.0f} |"


def versions(stage: Stage) -> str:
    with psycopg.connect(f"{stage.database_url}/postgres") as db:
        postgres = db.info.parameter_status("server_version")
    with Redis.from_url(stage.redis_url) as client:
        server: Mapping[str, str] = client.info("server")
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"Python {platform.python_version()}, {packages}, PostgreSQL {postgres}, Valkey {server['valkey_version']}."
