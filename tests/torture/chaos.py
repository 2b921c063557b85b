"""Faults of real processes under load, and how long the shop takes to be whole again."""

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.torture.books import read, wait_until_consistent
from tests.torture.crew import send
from tests.torture.judge import judge, losses
from tests.torture.load import Load
from tests.torture.proxy import CLEAR, Fate, Weather
from tests.torture.shop import Running

PROVIDER = Weather(
    {
        Fate.HANG_UP: 0.02,
        Fate.BLACK_HOLE: 0.01,
        Fate.SWALLOW: 0.04,
        Fate.RESET: 0.04,
        Fate.TRUNCATE: 0.04,
        Fate.DELAY: 0.08,
    },
    delay=(0.1, 2.5),
)
# A statement in ten thousand loses its connection: a sweep is some hundreds of them.
DATABASE = Weather({Fate.HANG_UP: 0.00005, Fate.RESET: 0.00005, Fate.DELAY: 0.01}, delay=(0.01, 0.3))
CONSISTENT_WITHIN = STARTS_WITHIN = 60.0  # seconds


@dataclass(frozen=True)
class Plan:
    """How many of each fault. kills: of processes of web and worker. gap: seconds between two, at least and
    at most. freeze: seconds of a SIGSTOP.
    """

    kills: int
    beats: int
    postgres: int
    valkey: int
    freezes: int
    gap: tuple[float, float]
    freeze: tuple[float, float]
    seed: int = 1


@dataclass
class Outcome:
    """faults: how many of each were done. settled_after: seconds from the last fault's end. replies: the
    provider's, by their fate.
    """

    faults: Counter[str]
    settled_after: float
    wrong: list[str]
    counts: Counter[str]
    orders: int
    sold: int
    losses: int
    replies: Counter[str]

    @property
    def kills(self) -> int:
        return sum(count for name, count in self.faults.items() if name.startswith("kill"))

    @property
    def answers(self) -> int:
        return sum(count for status, count in self.counts.items() if not status.startswith("lost"))


class Chaos:
    """One run. Faults are chosen by the seed; the moments at which they hit are not the same twice."""

    def __init__(self, shop: Running, plan: Plan) -> None:
        self._crew = shop.crew
        self._plan = plan
        self._chance = random.Random(plan.seed)
        self._faults: Counter[str] = Counter()
        self._log = (shop.logs / "faults.log").open("a", buffering=1)

    def run(self) -> Counter[str]:
        """All faults, one after the other. What a SIGSTOP stopped goes on before the next."""
        plan = self._plan
        faults: list[Callable[[], None]] = [
            *[self._kill] * plan.kills,
            *[self._end_beat] * plan.beats,
            *[self._restart_postgres] * plan.postgres,
            *[self._stop_valkey] * plan.valkey,
            *[self._freeze] * plan.freezes,
        ]
        self._chance.shuffle(faults)
        for fault in faults:
            time.sleep(self._chance.uniform(*plan.gap))
            fault()
        self._log.close()
        return self._faults

    def _kill(self) -> None:
        """Mostly one process of web or worker, at times all of it."""
        name = self._chance.choice(("web", "web", "worker"))
        pid = self._pick(name, with_leader=self._chance.random() < 0.2)
        self._note(f"kill {name}", pid)
        send(pid, signal.SIGKILL)

    def _pick(self, name: str, *, with_leader: bool = False) -> int:
        """One of its processes; while it starts there is none. Raises TimeoutError."""
        end = time.monotonic() + STARTS_WITHIN
        while not (found := self._crew.leader(name) if with_leader else self._crew.children(name)):
            if time.monotonic() > end:
                raise TimeoutError(f"{name} does not start again")
            time.sleep(0.1)
        return self._chance.choice(found)

    def _end_beat(self) -> None:
        self._note("end beat", self._pick("beat", with_leader=True))
        self._crew.end("beat")

    def _restart_postgres(self) -> None:
        self._note("restart postgres", self._pick("postgres", with_leader=True))
        self._crew.end("postgres", signal.SIGQUIT, down=self._chance.uniform(0, 3))

    def _stop_valkey(self) -> None:
        self._note("stop valkey", self._pick("valkey", with_leader=True))
        self._crew.end("valkey", signal.SIGKILL, down=self._chance.uniform(2, 5))

    def _freeze(self) -> None:
        pid = self._pick(self._chance.choice(("web", "worker")))
        if send(pid, signal.SIGSTOP):
            self._note("freeze", pid)
            time.sleep(self._chance.uniform(*self._plan.freeze))
            send(pid, signal.SIGCONT)

    def _note(self, fault: str, pid: int) -> None:
        self._faults[fault] += 1
        self._log.write(json.dumps({"at": round(time.time(), 3), "fault": fault, "pid": pid}) + "\n")


def run(shop: Running, plan: Plan, *, threads: int = 3, pause: float = 0.05) -> Outcome:
    shop.upstream.weather, shop.database.weather = PROVIDER, DATABASE
    journal = shop.logs / "chaos.journal"
    with Load(shop.port, shop.people, journal, threads=threads, seed=plan.seed, pause=pause) as load:
        faults = Chaos(shop, plan).run()
        shop.upstream.weather = shop.database.weather = CLEAR
        over = time.monotonic()
        load.stop()
        shop.crew.wait_until_up()
        _, wrong = wait_until_consistent(shop, CONSISTENT_WITHIN - (time.monotonic() - over))
        settled_after = time.monotonic() - over
        left = load.settle(limit=30)
    wrong += [f"key {key} has no last word: {why}" for key, why in left.items()]
    wrong += wait_until_consistent(shop, CONSISTENT_WITHIN)[1] + judge(shop)
    books = read(shop)
    orders, sold = sum(map(len, books.orders.values())), len(books.sold)
    return Outcome(faults, settled_after, wrong, load.counts, orders, sold, losses(books), shop.upstream.counts)
