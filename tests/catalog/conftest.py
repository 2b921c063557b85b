from collections.abc import Iterator

import pytest

from catalog import breaker
from catalog.breaker import Breaker
from catalog.services.providers import _adapter


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The breakers' own, so that rests take no time; breakers of other tests are forgotten."""
    clock = Clock()
    monkeypatch.setattr(breaker, "time", clock)
    _adapter.cache_clear()
    yield clock
    _adapter.cache_clear()


class Watched(Breaker):
    """A breaker that keeps what it told."""

    def __init__(self, seats: int = 3) -> None:
        self.told: list[bool] = []
        self.troubles: list[str] = []
        super().__init__(seats, self.told.append, self.troubles.append)

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            self.failed()

    def fail_trial(self) -> None:
        assert not self.holds_back()
        self.failed()

    def rest(self, clock: Clock) -> float:
        """Seconds until it lets a call through, which is then the trial."""
        began = clock.now
        while self.holds_back():
            clock.now += 0.5
        return clock.now - began


@pytest.fixture
def guard(clock: Clock) -> Watched:
    return Watched()
