"""A flow: something is prepared, and then done; the failpoints stand in what is done."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.failpoints.replies import OK, Reply
from tests.failpoints.world import World


def nothing_more(told: Reply | None) -> None:
    pass


@dataclass
class Act:
    """run: what is interrupted. says: the code of its undisturbed reply.

    again: what its caller does until there is an answer; None where it gives up. refusals: answers beside OK.
    kept: asserts what must have come of it a minute later; it is handed what the caller of `run` was told, None
    where nobody was left. credit: cents that Alice has more in the end, without those for her orders.
    """

    run: Callable[[], object]
    says: str = field(default=OK, kw_only=True)
    again: Callable[[], object] | None = None
    refusals: frozenset[str] = frozenset()
    kept: Callable[[Reply | None], None] = nothing_more
    credit: int = 0


Flow = Callable[[World], Act]
