"""What is to be reached, and what a run's rounds say about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.load import Cell

# A round: what each cell measured. `jiema256` is jiema under 256 connections, all others have 64.
Round = Mapping[str, Cell]
NOISY = 1.6


@dataclass(frozen=True)
class Goal:
    """must gates a release, aim is where we want to be."""

    id: str
    text: str
    of: Callable[[Round], float]
    must: float
    aim: float
    more_is_better: bool = False

    def is_met(self, value: float, bound: float) -> bool:
        return value >= bound if self.more_is_better else value <= bound


GOALS = (
    Goal("H1", "requests a second ÷ constant view", lambda r: r["jiema"].rps / r["constant"].rps, 0.18, 0.30, True),
    Goal("H2", "requests a second ÷ typical project", lambda r: r["jiema"].rps / r["typical"].rps, 20, 40, True),
    Goal("H4", "requests a second ÷ FastAPI + asyncpg", lambda r: r["jiema"].rps / r["fastapi"].rps, 1.2, 1.6, True),
    Goal("H5", "app CPU a request ÷ constant view's", lambda r: r["jiema"].cpu / r["constant"].cpu, 4, 2.5),
    Goal("H7", "p99 ÷ p50, 64 connections", lambda r: r["jiema"].p99 / r["jiema"].p50, 3, 2.2),
    Goal("H7", "p99 of 256 ÷ of 64 connections", lambda r: r["jiema256"].p99 / r["jiema"].p99, 4, 3),
)


@dataclass(frozen=True)
class Finding:
    """The median of the rounds' ratios, and their range."""

    goal: Goal
    middle: float
    least: float
    most: float

    @property
    def meets_must(self) -> bool:
        return self.goal.is_met(self.middle, self.goal.must)

    @property
    def meets_aim(self) -> bool:
        return self.goal.is_met(self.middle, self.goal.aim)


def findings(rounds: Sequence[Round]) -> list[Finding]:
    found = []
    for goal in GOALS:
        values = [goal.of(one) for one in rounds]
        found.append(Finding(goal, median(values), min(values), max(values)))
    return found


def errors(rounds: Sequence[Round]) -> int:
    return sum(cell.errors for one in rounds for cell in one.values())


def swing(rounds: Sequence[Round]) -> float:
    """How far the constant view itself moved between rounds: what the machine did, not we."""
    speeds = [one["constant"].rps for one in rounds]
    return max(speeds) / min(speeds)
