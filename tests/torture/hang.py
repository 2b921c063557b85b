"""Reads while the provider hangs, against the same reads before."""

import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import quantiles

from tests.torture.books import wait_until_consistent
from tests.torture.client import Line, Person
from tests.torture.proxy import CLEAR, HANGING, Weather
from tests.torture.shop import Running
from tests.torture.shopper import WISHES

BUYERS, READERS = 12, 2  # more buyers than the web has threads
BUY_EVERY, READ_EVERY = 0.8, 0.02  # seconds
READS = ("/account", "/prices?service=tg")
BODY = json.dumps(WISHES[0]).encode()


@dataclass(frozen=True)
class Outcome:
    """before, during: the 95th percentile, milliseconds. failed: reads that were not answered by 200."""

    before: float
    during: float
    reads: int
    failed: int
    wrong: list[str]

    @property
    def ratio(self) -> float:
        return self.during / self.before


def run(shop: Running, seconds: float) -> Outcome:
    """Half of the seconds in clear weather, then as long with a provider that answers nothing."""
    over = threading.Event()
    people = itertools.cycle(shop.people)
    with ThreadPoolExecutor(BUYERS + READERS) as pool:
        for _ in range(BUYERS):
            pool.submit(_buy, shop.port, next(people), over)
        before = _read_in(CLEAR, shop, pool, seconds / 2)
        during = _read_in(HANGING, shop, pool, seconds / 2)
        over.set()
        shop.upstream.weather = CLEAR
    failed = sum(status != 200 for _, status in before + during)
    _, wrong = wait_until_consistent(shop, 60)
    return Outcome(_p95(before), _p95(during), len(before) + len(during), failed, wrong)


def _buy(port: int, person: Person, over: threading.Event) -> None:
    with Line(port, person.token) as line:
        while not over.wait(BUY_EVERY):
            line.call("POST", "/orders", BODY)


def _read_in(weather: Weather, shop: Running, pool: ThreadPoolExecutor, seconds: float) -> list[tuple[float, int]]:
    shop.upstream.weather = weather
    readers = [pool.submit(_read, shop.port, person, seconds) for person in shop.people[:READERS]]
    return [read for reader in readers for read in reader.result()]


def _read(port: int, person: Person, seconds: float) -> list[tuple[float, int]]:
    """Milliseconds and status of each."""
    end = time.monotonic() + seconds
    found: list[tuple[float, int]] = []
    with Line(port, person.token) as line:
        for path in itertools.cycle(READS):
            began = time.monotonic()
            if began > end:
                return found
            status = line.call("GET", path).status
            found.append(((time.monotonic() - began) * 1000, status))
            time.sleep(READ_EVERY)
    return found


def _p95(reads: list[tuple[float, int]]) -> float:
    return quantiles([ms for ms, _ in reads], n=20)[-1]
