"""The matrix leaves nothing out: each failpoint is passed by some flow, and each case is counted."""

import sys

import pytest

from jiema.failpoints import NAMES
from tests.failpoints.flows import ALL
from tests.failpoints.kinds import KINDS
from tests.failpoints.matrix import run_undisturbed
from tests.failpoints.world import World
from tests.torture import figures


@pytest.mark.django_db(transaction=True)
def test_every_failpoint_is_passed_by_some_flow(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    hits = [hit for flow in ALL for hit in run_undisturbed(world, flow)]
    assert {hit.name for hit in hits} == NAMES
    cases = len(hits) * len(KINDS)
    figures.record(failpoints=len(NAMES), failpoint_flows=len(ALL), failpoint_cases_known=cases)
    with capfd.disabled():
        sys.stderr.write(f"\n{len(ALL)} flows pass {len(NAMES)} failpoints {len(hits)} times: {cases} cases\n")
