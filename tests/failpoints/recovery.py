"""What the running shop does by itself, and a client that repeats its call until it has an answer."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from orders.models import OPEN, Order, Outcome, UpstreamAttempt
from orders.services.reconciling import REMEMBERED
from tests.failpoints.acts import Act
from tests.failpoints.replies import OK, ask
from tests.failpoints.world import CALL_IS_OVER, World

LATER = frozenset({"IN_PROGRESS", "OUTCOME_UNKNOWN", "UPSTREAM_UNAVAILABLE", "NO_NUMBERS"})
"""After these a client asks again."""
MINUTE = 60
# A client whose dead purchase was refunded buys anew with its key, and that may end unclear in its turn.
MINUTES = 3


def recover(world: World, act: Act) -> None:
    """A minute passes, and more for as long as the caller has no answer."""
    for _ in range(MINUTES):
        left = MINUTE
        for seconds in (0, CALL_IS_OVER, CALL_IS_OVER):
            left -= seconds
            _go_on(world, act, seconds)
            if _has_answer(world, act) and not _unsettled(world).exists():
                break
        _go_on(world, act, left)
        assert not _unsettled(world).filter(sent_at__lt=Now() - timedelta(seconds=MINUTE)).exists()
        if _has_answer(world, act):
            return


def _go_on(world: World, act: Act, seconds: float) -> None:
    if seconds:
        world.pass_time(seconds)
    world.work()
    repeat(world, act)


def _has_answer(world: World, act: Act) -> bool:
    return act.again is None or world.repeats[-1].code not in LATER


def _unsettled(world: World) -> QuerySet[UpstreamAttempt]:
    return world.new(UpstreamAttempt).filter(outcome__in=(Outcome.IN_FLIGHT, Outcome.UNKNOWN))


def repeat(world: World, act: Act, also: frozenset[str] = frozenset()) -> None:
    """also: what may be told beside success, a refusal that the flow names, and: later."""
    if act.again is None:
        return
    reply = ask(act.again)
    assert reply.code in {OK} | LATER | act.refusals | also, reply
    world.repeats.append(reply)


def run_out(world: World) -> None:
    """Numbers may be given back after two minutes, and end after 20; the last look is a minute later.

    Then so much time passes that no attempt of this case explains a number of the next.
    """
    for seconds in (80, 1160, 70):
        if not _is_over(world):
            world.pass_time(seconds)
            world.work()
    world.pass_time(REMEMBERED.total_seconds())


def _is_over(world: World) -> bool:
    unfinished = Q(status__in=OPEN) | Q(cancel_upstream_at__isnull=False)
    return not world.new(Order).filter(unfinished).exists() and not any(n.is_open for n in world.numbers())
