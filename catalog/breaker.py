"""Keeps a provider that does not answer from holding up everybody else; one for each provider and process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from catalog.upstream.types import CallClass

TRIPS_AFTER = 3
"""Failures in a row."""
FIRST_REST = 10.0
TRIAL_SECONDS = 15.0
LONGEST_REST = 60.0
"""Seconds without a call; doubled each time that the trial afterwards fails."""
SEAT_SECONDS = 0.5
"""How long a purchase waits for one of the seats."""


class Breaker:
    """After some failures in a row no call is made for a while; then one is tried, and no purchase.

    seats: how many threads of this process may wait for the provider at once (a bulkhead).
    tell_down: called with True when it begins to hold back, with False when the provider answers again.
    tell_trouble: called with the provider's word where our account there needs a person.
    """

    def __init__(self, seats: int, tell_down: Callable[[bool], None], tell_trouble: Callable[[str], None]) -> None:
        self._seats = threading.BoundedSemaphore(seats)
        self._tell_down = tell_down
        self.in_trouble = tell_trouble
        self._lock = threading.Lock()
        self._failures = 0
        self._rest = FIRST_REST
        self._rests_until = 0.0
        self._trial_until = 0.0

    @property
    def is_on_trial(self) -> bool:
        """The rest is over, and nothing has shown that the provider answers again."""
        return self._failures >= TRIPS_AFTER and time.monotonic() >= self._rests_until

    def holds_back(self, call: CallClass | None = None) -> bool:
        """Whether a call may not be made now. After the rest one caller at a time may try."""
        with self._lock:
            now = time.monotonic()
            if self._failures < TRIPS_AFTER:
                return False
            if now < max(self._rests_until, self._trial_until) or call is CallClass.PURCHASE:
                return True
            self._trial_until = now + TRIAL_SECONDS
            return False

    @contextmanager
    def seat(self, call: CallClass) -> Iterator[bool]:
        """Whether there is a thread to spare; a purchase waits a moment for one."""
        has_seat = self._seats.acquire(timeout=SEAT_SECONDS if call is CallClass.PURCHASE else 0)
        try:
            yield has_seat
        finally:
            if has_seat:
                self._seats.release()

    def succeeded(self) -> None:
        with self._lock:
            was_open = self._failures >= TRIPS_AFTER
            self._failures, self._rest, self._rests_until, self._trial_until = 0, FIRST_REST, 0.0, 0.0
        if was_open:
            self._tell_down(False)

    def failed(self) -> None:
        with self._lock:
            now = time.monotonic()
            is_straggler = self._failures >= TRIPS_AFTER and now >= self._trial_until
            if is_straggler:
                return
            self._failures += 1
            if self._failures < TRIPS_AFTER:
                return
            is_new = self._failures == TRIPS_AFTER
            self._rest = FIRST_REST if is_new else min(self._rest * 2, LONGEST_REST)
            self._rests_until, self._trial_until = now + self._rest, 0.0
        if is_new:
            self._tell_down(True)
