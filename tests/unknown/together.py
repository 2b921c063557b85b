"""Calls that start at the same moment, round after round, each on a database connection of its own."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from threading import Barrier
from typing import Any

from django.db import connection

Call = Callable[[], Any]
JITTER_SECONDS = 0.004
HEAD_START_SECONDS = 0.015


class Track:
    """chance: the small delays by which one call or the other goes ahead."""

    def __init__(self, threads: ThreadPoolExecutor, chance: Random) -> None:
        self._threads = threads
        self._chance = chance

    def run(self, calls: Sequence[Call], ahead: int = 0) -> list[Any]:
        """What each returned, or the exception that it raised. ahead: so many of the first get a head start."""
        start = Barrier(len(calls))
        late = [self._chance.random() * JITTER_SECONDS for _ in calls]
        if ahead:
            late[ahead:] = [HEAD_START_SECONDS * (1 + self._chance.random()) for _ in calls[ahead:]]
        running = [self._threads.submit(_run, start, *each) for each in zip(late, calls, strict=True)]
        return [each.result() for each in running]


def _run(start: Barrier, late: float, call: Call) -> Any:
    start.wait()
    time.sleep(late)
    try:
        return call()
    except Exception as error:
        return error


def _hang_up() -> None:
    connection.close()


@contextmanager
def track(lanes: int, seed: int = 1) -> Iterator[Track]:
    with ThreadPoolExecutor(lanes) as threads:
        running = Track(threads, Random(seed))
        try:
            yield running
        finally:
            running.run([_hang_up] * lanes)
