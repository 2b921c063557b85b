"""Things that are due at a certain time, done in order once the clock has got there."""

import heapq
from collections.abc import Callable
from itertools import count

Action = Callable[[float], None]


class Agenda:
    """Not thread-safe: the shop guards it."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Action]] = []
        self._order = count()

    def add(self, due: float, action: Action) -> None:
        heapq.heappush(self._heap, (due, next(self._order), action))

    def play(self, now: float) -> None:
        """Do what is due, each thing at its own time: that time is handed to it."""
        while self._heap and self._heap[0][0] <= now:
            due, _, action = heapq.heappop(self._heap)
            action(due)
