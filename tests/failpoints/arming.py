"""Failpoints, armed for a while."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jiema import failpoints


@dataclass(frozen=True)
class Hit:
    """The n-th time that a flow passes a failpoint, from 1."""

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name}#{self.number}"


@contextmanager
def recorded() -> Iterator[list[Hit]]:
    """The failpoints that are passed meanwhile, in their order."""
    hits: list[Hit] = []
    counts: Counter[str] = Counter()

    def recorder(name: str) -> Callable[[], None]:
        def record() -> None:
            counts[name] += 1
            hits.append(Hit(name, counts[name]))

        return record

    with _armed({name: recorder(name) for name in failpoints.NAMES}):
        yield hits


@contextmanager
def armed_at(hit: Hit, action: Callable[[], object]) -> Iterator[Callable[[], bool]]:
    """What happens at one hit, once. Yields whether it was reached."""
    passed = 0

    def act() -> None:
        nonlocal passed
        passed += 1
        if passed == hit.number:
            action()

    with _armed({hit.name: act}):
        yield lambda: passed >= hit.number


@contextmanager
def _armed(actions: dict[str, Callable[[], object]]) -> Iterator[None]:
    failpoints.armed.update(actions)
    try:
        yield
    finally:
        failpoints.armed.clear()
