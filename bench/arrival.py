"""`python -m bench.arrival`: how long a code takes from our database to the screen.

A code is written as the sync writes it, at a random moment; the time runs from its commit until a browser shows it.
With one page open and with several; the browser's clock is an hour off. Exit code 1 where p95 is over two seconds.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median, quantiles

import psycopg
from playwright.sync_api import Browser, Page, sync_playwright

from bench.load import CannotMeasure
from bench.pages import fill
from bench.stage import Stage
from jiema.embedded.errors import CannotStart
from jiema.embedded.program import stop_all, wait_until_up

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu"]
CODES, SEVERAL = 60, 4
AT_MOST_SECONDS = 2.0
HOUR_OFF_MS = int((time.time() + 3600) * 1000)
WRITE = """
WITH came AS (INSERT INTO orders_sms (order_id, body, received_at) VALUES (%(order)s, %(body)s, now()))
UPDATE orders_order SET status = 'RECEIVED', sms_body = %(body)s, sms_received_at = now() WHERE id = %(order)s
"""
IS_SHOWN = "code => document.getElementById('code')?.textContent === code"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.arrival", description=__doc__)
    parser.add_argument("--codes", type=int, default=CODES, help="for each number of pages")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="jiema-arrival-") as name, _stage(Path(name)) as stage:
            slowest = _measure(stage, options.codes)
    except (CannotStart, CannotMeasure) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return int(slowest > AT_MOST_SECONDS)


@contextmanager
def _stage(folder: Path) -> Iterator[Stage]:
    folder.chmod(0o711)
    stage = Stage(folder)
    try:
        stage.start_stores()
        fill(stage)
        program, port = stage.granian("jiema", "jiema.wsgi:application")
        # As on a laptop: a browser keeps the cookies of http, and styles come without collectstatic.
        stage.start((replace(program, env={**program.env, "DEBUG": "1"}), port), "part-targets")
        wait_until_up(stage.children, limit=60)
        yield stage
    finally:
        stop_all(stage.children)


def _measure(stage: Stage, codes: int) -> float:
    """The larger p95 of both, seconds."""
    lines = iter(stage.contestants["jiema"].targets.read_text().splitlines())
    worst = 0.0
    print("| pages open | codes | median s | p95 s | longest s |\n|---|---|---|---|---|", flush=True)
    with sync_playwright() as playwright, psycopg.connect(f"{stage.database_url}/jiema", autocommit=True) as db:
        db.execute("SET session_replication_role = replica")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for pages in (1, SEVERAL):
            took: list[float] = []
            while len(took) < codes:
                took += _batch(stage, browser, db, list(islice(lines, pages)))
            p95 = quantiles(took, n=20)[-1]
            worst = max(worst, p95)
            print(f"| {pages} | {len(took)} | {median(took):.2f} | {p95:.2f} | {max(took):.2f} |", flush=True)
        browser.close()
    return worst


def _batch(stage: Stage, browser: Browser, db: psycopg.Connection[tuple[object, ...]], lines: list[str]) -> list[float]:
    """A page for each line, all open at once; then a code for each."""
    pages = [_open(stage, browser, line) for line in lines]
    took = [_arrive(page, db, order_id) for page, order_id in pages]
    for page, _ in pages:
        page.context.close()
    return took


def _open(stage: Stage, browser: Browser, line: str) -> tuple[Page, str]:
    """line: a path and the headers that the customer's browser sends."""
    address = stage.contestants["jiema"].address
    path, cookie, _ = line.split("\t")
    context = browser.new_context(base_url=address)
    context.add_cookies([{"name": "sessionid", "value": cookie.rpartition("=")[2], "url": address}])
    page = context.new_page()
    page.goto(path.removesuffix("/live"))
    page.clock.set_system_time(HOUR_OFF_MS)
    return page, path.split("/")[2]


def _arrive(page: Page, db: psycopg.Connection[tuple[object, ...]], order_id: str) -> float:
    code = str(random.randrange(100_000, 1_000_000))
    page.wait_for_timeout(random.uniform(0, 1500))
    db.execute(WRITE, {"order": order_id, "body": f"Your code is {code}."})
    began = time.monotonic()
    page.wait_for_function(IS_SHOWN, arg=code, polling=20, timeout=15_000)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
