"""The model test. MODEL_STEPS makes it longer, MODEL_SEED another; the same two make the same run again."""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Machine
from tests.model.stage import EVENTS, RULES
from tests.model.world import World, new_world
from tests.torture import figures

STEPS = int(os.environ.get("MODEL_STEPS", "2000"))
SEED = int(os.environ.get("MODEL_SEED", "1"))
PER_EXAMPLE = 50
ALWAYS = ("COMPLETED", "FAILED", "CANCELLED", "deaths", "buy: OUTCOME_UNKNOWN")
IN_THE_LONG_RUN = (
    *("given up", "adopted, WAITING"),
    *("adopted, CANCELLED", "buy: NO_NUMBERS", "buy: UPSTREAM_UNAVAILABLE", "buy: INSUFFICIENT", "buy: FORBIDDEN"),
    *("buy: RATE_LIMITED", "buy: PRICE_CHANGED", "cancel: OK", "cancel: CODE_RECEIVED", "cancel: ALREADY_CHANGED"),
    *("next_sms: OK", "next_sms: EXPIRED", "next_sms: UPSTREAM_UNAVAILABLE", "next_sms: NO_CODE_YET"),
    "push: NOT_FOUND",
)
"""Without these a run shows little."""
SEEDS = sorted((Path(__file__).parent / "seeds").glob("*.txt"))


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    with new_world() as world:
        Machine.world = world
        yield world


@dataclass(frozen=True)
class Figures:
    """rules: how often each ran. events: replies by rule, final states, and so on."""

    seed: int
    steps: int
    seconds: float
    rules: dict[str, int]
    events: dict[str, int]


def run(steps: int, seed_: int) -> Figures:
    """At least so many steps; raises the falsifying example where the shop does not do as it should."""
    RULES.subtract(dict(RULES))
    EVENTS.clear()
    began, round_ = time.monotonic(), 0
    while RULES.total() < steps:
        examples = max(5, (steps - RULES.total()) // PER_EXAMPLE)
        _run_round(min(200, examples), seed_ * 1_000 + round_)
        round_ += 1
    return Figures(seed_, RULES.total(), time.monotonic() - began, dict(RULES), dict(EVENTS))


def _run_round(examples: int, seed_: int) -> None:
    machine = type("Machine", (Machine,), {})
    seed(seed_)(machine)
    wish = settings(
        max_examples=examples,
        stateful_step_count=PER_EXAMPLE,
        deadline=None,
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=wish)


def test_the_shop_does_as_the_oracle_says(world: World) -> None:
    told = run(STEPS, SEED)
    figures.record(
        model_steps=told.steps,
        model_rules=len(told.rules),
        model_examples=told.events["examples"],
        model_deaths=told.events["deaths"],
    )
    sys.stdout.write(f"{told}\n")
    assert [name for name, times in told.rules.items() if not times] == []
    expected = ALWAYS + IN_THE_LONG_RUN if STEPS >= 10_000 else ALWAYS
    assert [name for name in expected if not told.events.get(name)] == []


@pytest.mark.parametrize("example", SEEDS, ids=lambda path: path.stem)
def test_what_once_went_wrong_does_not_again(example: Path, world: World) -> None:
    """Lines as a falsifying example prints them."""
    state = Machine()
    for line in example.read_text().splitlines():
        if line.startswith("state."):
            exec(line, {"state": state})
