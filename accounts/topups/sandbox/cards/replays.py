"""Idempotency keys: https://docs.stripe.com/api/idempotent_requests"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from accounts.topups.sandbox.cards.forms import Pairs
from accounts.topups.sandbox.cards.refusals import Refusal
from accounts.topups.sandbox.cards.shapes import Thing


@dataclass
class _Answered:
    asked: tuple[str, Pairs]
    answer: Thing | None = None  # none yet


class Replays:
    """The same key brings the first answer again; what was refused was never begun, and is forgotten. Thread-safe."""

    def __init__(self) -> None:
        self._known: dict[str, _Answered] = {}
        self._lock = threading.Lock()

    def once(self, key: str, path: str, pairs: Pairs, carry_out: Callable[[], Thing]) -> tuple[Thing, bool]:
        """The answer, and whether it is an old one. Raises Refusal."""
        with self._lock:
            if (known := self._known.get(key)) is not None:
                return _old(known, (path, pairs)), True
            begun = self._known[key] = _Answered((path, pairs))
        try:
            begun.answer = carry_out()
        except Refusal:
            del self._known[key]
            raise
        return begun.answer, False

    def clear(self) -> None:
        with self._lock:
            self._known.clear()


def _old(known: _Answered, asked: tuple[str, Pairs]) -> Thing:
    if known.asked != asked:
        why = "Keys for idempotent requests can only be used with the same parameters they were first used with."
        raise Refusal(400, why, kind="idempotency_error")
    if known.answer is None:
        why = "There is currently another in-progress request using this Idempotent Key."
        raise Refusal(409, why, code="idempotency_key_in_use", kind="idempotency_error")
    return known.answer
