import time
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest

from catalog.budget import ProviderBudget
from catalog.upstream.types import CallClass
from jiema.api import valkey


def taken(budget: ProviderBudget, call: CallClass, calls: int) -> int:
    return sum(budget.take(call, 0) for _ in range(calls))


def test_a_burst_and_no_more() -> None:
    assert taken(ProviderBudget("p", 1.0, 5), CallClass.PURCHASE, 20) == 5


def test_all_processes_share_one_bucket() -> None:
    def attack(_: int) -> int:
        try:
            return taken(ProviderBudget("p", 1.0, 5), CallClass.PURCHASE, 10)
        finally:
            valkey.forget()

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(attack, range(4))) == 5


def test_less_urgent_calls_leave_room_for_urgent_ones() -> None:
    budget = ProviderBudget("p", 0.01, 10)
    assert taken(budget, CallClass.CATALOGUE, 20) == 5
    assert taken(budget, CallClass.SWEEP, 20) == 1
    assert taken(budget, CallClass.CANCEL, 20) == 3
    assert taken(budget, CallClass.PURCHASE, 20) == 1


def test_whoever_can_wait_gets_the_next_call() -> None:
    budget = ProviderBudget("p", 10.0, 1)
    assert taken(budget, CallClass.PURCHASE, 1) == 1
    assert budget.take(CallClass.PURCHASE, 0) is False
    assert budget.take(CallClass.PURCHASE, 1) is True


def test_a_waiting_purchase_goes_before_a_sweep() -> None:
    budget = ProviderBudget("p", 5.0, 1)
    assert taken(budget, CallClass.PURCHASE, 1) == 1
    with ThreadPoolExecutor(1) as threads:
        purchase = threads.submit(waits, budget)
        time.sleep(0.1)
        assert budget.take(CallClass.SWEEP, 0.15) is False
        assert purchase.result() is True


def waits(budget: ProviderBudget) -> bool:
    try:
        return budget.take(CallClass.PURCHASE, 1)
    finally:
        valkey.forget()


def test_a_note_of_someone_waiting_holds_back_the_less_urgent_only() -> None:
    budget = ProviderBudget("p", 1.0, 1)
    assert taken(budget, CallClass.PURCHASE, 1) == 1
    with patch("time.sleep", side_effect=InterruptedError), pytest.raises(InterruptedError):
        budget.take(CallClass.CANCEL, 5)  # died while it waited
    time.sleep(1.002)
    assert budget.take(CallClass.SWEEP, 0) is False
    assert budget.take(CallClass.PURCHASE, 0) is True


def test_a_short_pause_does_not_end_a_long_one() -> None:
    budget = ProviderBudget("p", None, 5)
    budget.pause(30)
    budget.pause(0.01)
    time.sleep(0.02)
    assert budget.take(CallClass.PURCHASE, 0) is False


def test_two_providers_have_two_budgets() -> None:
    assert taken(ProviderBudget("p", 1.0, 5), CallClass.PURCHASE, 20) == 5
    assert taken(ProviderBudget("q", 1.0, 5), CallClass.PURCHASE, 20) == 5


def test_a_pause_stops_every_call() -> None:
    budget = ProviderBudget("p", None, 5)
    assert taken(budget, CallClass.SWEEP, 50) == 50
    budget.pause(0.3)
    assert budget.take(CallClass.PURCHASE, 0) is False
    time.sleep(0.31)
    assert budget.take(CallClass.PURCHASE, 0) is True


def test_without_valkey_each_process_keeps_its_own_bucket() -> None:
    budget = ProviderBudget("p", 1.0, 5)
    with patch("jiema.api.valkey.evaluate", side_effect=valkey.Away):
        assert taken(budget, CallClass.PURCHASE, 20) == 5
        budget.pause(9)
        assert budget.take(CallClass.PURCHASE, 1) is False
