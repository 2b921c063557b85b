"""A provider that does not answer is rested, and few wait for it at once: the rules, on a clock of our own."""

import threading
import time
from contextlib import ExitStack

import pytest

from catalog.breaker import FIRST_REST, LONGEST_REST, SEAT_SECONDS
from catalog.upstream.errors import Unclear
from catalog.upstream.types import CallClass
from tests.catalog.conftest import Clock, Watched


def test_it_trips_at_the_third_failure_in_a_row_and_tells_once(clock: Clock) -> None:
    guard = Watched()
    guard.fail(2)
    assert (guard.holds_back(), guard.told) == (False, [])
    guard.fail()
    assert (guard.holds_back(), guard.told) == (True, [True])


def test_an_answer_in_between_starts_the_count_anew(clock: Clock) -> None:
    guard = Watched()
    guard.fail(2)
    guard.succeeded()
    guard.fail(2)
    assert (guard.holds_back(), guard.told) == (False, [])


def test_the_rest_is_doubled_with_each_failed_trial_up_to_a_minute(clock: Clock) -> None:
    guard = Watched()
    guard.fail(3)
    rests = []
    for _ in range(5):
        rests.append(guard.rest(clock))
        guard.failed()
    assert rests == [FIRST_REST, 20.0, 40.0, LONGEST_REST, LONGEST_REST]
    assert guard.told == [True]


def test_an_answer_ends_it_and_the_next_rest_is_short_again(clock: Clock) -> None:
    guard = Watched()
    guard.fail(3)
    clock.now += FIRST_REST
    guard.fail_trial()
    clock.now += 2 * FIRST_REST
    assert not guard.holds_back()
    guard.succeeded()
    assert (guard.holds_back(), guard.is_on_trial, guard.told) == (False, False, [True, False])
    guard.fail(3)
    assert (guard.rest(clock), guard.told) == (FIRST_REST, [True, False, True])


def test_after_the_rest_one_caller_at_a_time_may_try(clock: Clock) -> None:
    guard = Watched()
    guard.fail(3)
    clock.now += FIRST_REST
    assert [guard.holds_back() for _ in range(3)] == [False, True, True]


def test_a_trial_that_never_ends_makes_room_for_the_next(clock: Clock) -> None:
    guard = Watched()
    guard.fail(3)
    clock.now += FIRST_REST
    assert not guard.holds_back()
    clock.now += 30
    assert [guard.holds_back(), guard.holds_back()] == [False, True]


def test_of_many_threads_one_tries(clock: Clock) -> None:
    guard = Watched()
    guard.fail(3)
    clock.now += FIRST_REST
    held: list[bool] = []
    threads = [threading.Thread(target=lambda: held.append(guard.holds_back())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(held) == [False] + [True] * 19


def test_stragglers_do_not_lengthen_the_rest(clock: Clock) -> None:
    guard = Watched()
    guard.fail(3)
    clock.now += 5
    guard.fail(4)  # calls that were under way when it tripped
    assert (guard.rest(clock), guard.told) == (FIRST_REST - 5, [True])


@pytest.mark.parametrize(("age", "is_on_trial"), [(0.0, False), (9.9, False), (10.0, True)])
def test_it_is_on_trial_from_the_end_of_the_rest(clock: Clock, age: float, is_on_trial: bool) -> None:
    guard = Watched()
    assert not guard.is_on_trial
    guard.fail(3)
    clock.now += age
    assert guard.is_on_trial is is_on_trial


def test_a_slow_trial_that_fails_lengthens_the_rest_too(clock: Clock) -> None:
    """5 s of waiting for the budget, 8 s for the answer."""
    guard = Watched()
    guard.fail(3)
    clock.now += FIRST_REST
    assert not guard.holds_back()
    clock.now += 13
    guard.failed()
    assert guard.holds_back()


# Seats


def test_so_many_wait_at_once_and_no_more() -> None:
    guard = Watched(seats=2)
    with ExitStack() as taken:
        assert [taken.enter_context(guard.seat(CallClass.POLL)) for _ in range(3)] == [True, True, False]
    with guard.seat(CallClass.POLL) as has_seat:
        assert has_seat


def test_a_purchase_waits_a_moment_for_a_seat_and_a_poll_does_not() -> None:
    guard = Watched(seats=1)
    with guard.seat(CallClass.PURCHASE):
        for call, patience in ((CallClass.POLL, 0.0), (CallClass.PURCHASE, SEAT_SECONDS)):
            began = time.monotonic()
            with guard.seat(call) as has_seat:
                assert not has_seat
            assert patience <= time.monotonic() - began < patience + 0.4


def test_a_seat_that_becomes_free_goes_to_the_purchase_that_waits() -> None:
    guard = Watched(seats=1)
    found: list[bool] = []

    def buy() -> None:
        with guard.seat(CallClass.PURCHASE) as has_seat:
            found.append(has_seat)

    waiting = threading.Thread(target=buy)
    with guard.seat(CallClass.POLL):
        waiting.start()
        time.sleep(0.05)
    waiting.join()
    assert found == [True]


def test_a_seat_is_given_back_where_the_call_fails() -> None:
    guard = Watched(seats=1)

    def fail() -> None:
        with guard.seat(CallClass.POLL) as has_seat:
            assert has_seat
            raise Unclear("TIMEOUT")

    for _ in range(3):
        with pytest.raises(Unclear):
            fail()
