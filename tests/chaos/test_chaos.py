"""A bounded portion of what `make torture` does to a whole running shop."""

from collections.abc import Iterator

import pytest

from tests.torture import chaos, hammer
from tests.torture.shop import Running, running

PLAN = chaos.Plan(kills=4, beats=1, postgres=1, valkey=1, freezes=1, gap=(0.5, 2.0), freeze=(1, 3))


@pytest.fixture(scope="module")
def shop() -> Iterator[Running]:
    with running([2_000, 20_000, 300, 20_000], proxied_database=True) as shop:
        yield shop


def test_hundreds_of_mixed_operations_at_once_break_no_book(shop: Running) -> None:
    done = hammer.run(shop, operations=600, seeds=(1, 2), threads=2)
    assert done.wrong == []
    assert done.operations >= 600
    assert (done.negative, done.drift, done.deadlocks, done.faults, done.lost) == (0, 0, 0, 0, 0)


def test_killed_processes_and_lost_servers_contradict_no_answer(shop: Running) -> None:
    done = chaos.run(shop, PLAN)
    assert done.wrong == []
    assert done.kills == 4
    assert done.settled_after < chaos.CONSISTENT_WITHIN
