"""Every flow × failpoint that it passes × kind of failure."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.failpoints.acts import Act, Flow
from tests.failpoints.arming import Hit, recorded
from tests.failpoints.checks import check_over, check_replies, check_settled
from tests.failpoints.kinds import KINDS, wakes_up
from tests.failpoints.recovery import recover, run_out
from tests.failpoints.replies import Reply, ask
from tests.failpoints.world import World
from tests.torture import figures


def run_matrix(world: World, flow: Flow) -> None:
    """Which failpoints there are the flow itself tells; and it runs as before when all is over."""
    hits = run_undisturbed(world, flow)
    for hit in hits:
        for kind in KINDS:
            _run_case(world, flow, hit, kind)
    assert run_undisturbed(world, flow) == hits
    figures.record(failpoint_cases=len(hits) * len(KINDS))


def run_undisturbed(world: World, flow: Flow) -> list[Hit]:
    with _named(flow.__name__):
        world.begin()
        act = flow(world)
        with recorded() as hits:
            told = ask(act.run)
        assert told.code == act.says
        assert hits
        _recover_and_check(world, act, told)
        return hits


def _run_case(world: World, flow: Flow, hit: Hit, kind: str) -> None:
    fail = KINDS[kind]
    with _named(f"{flow.__name__} × {hit} × {kind}"):
        world.begin()
        act = flow(world)
        told = fail(world, act, hit)
        _recover_and_check(world, act, told, is_kept=fail is not wakes_up)


@contextmanager
def _named(case: str) -> Iterator[None]:
    """An error tells in which case it came."""
    try:
        yield
    except BaseException as error:
        error.add_note(case)
        raise


def _recover_and_check(world: World, act: Act, told: Reply | None, *, is_kept: bool = True) -> None:
    """is_kept: the customer did nothing else meanwhile."""
    recover(world, act)
    check_replies(told, world.repeats)
    check_settled(world)
    if is_kept:
        act.kept(told)
    run_out(world)
    check_over(world, act)
