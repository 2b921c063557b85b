"""The sweep has its turn, however many customers buy and look at the same time: without it nothing settles."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from catalog.budget import ProviderBudget
from catalog.upstream.types import CallClass

RATE, BURST = 7.0, 5
PATIENCE = 3.0  # some twenty calls long: at a real provider's one a second, twenty seconds


@contextmanager
def busy(budget: ProviderBudget, call: CallClass, wait: float) -> Iterator[None]:
    """Three callers that want more than there is."""
    is_over = threading.Event()

    def want() -> None:
        while not is_over.is_set():
            budget.take(call, wait)
            time.sleep(0.01)

    threads = [threading.Thread(target=want) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.4)
    yield
    is_over.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    ("call", "wait"), [(CallClass.POLL, 0.0), (CallClass.PURCHASE, 3.0)], ids=["polls", "purchases"]
)
def test_a_sweep_has_its_turn_among_too_many(call: CallClass, wait: float) -> None:
    budget = ProviderBudget(f"starved-{call.name}", RATE, BURST)
    with busy(budget, call, wait):
        turns = [budget.take(CallClass.SWEEP, PATIENCE) for _ in range(2)]
    assert turns == [True, True]
