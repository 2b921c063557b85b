import pytest

from tests.failpoints.acts import Flow
from tests.failpoints.flows.following import FLOWS
from tests.failpoints.matrix import run_matrix
from tests.failpoints.world import World


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("flow", FLOWS)
def test_an_sms_or_an_end_survives_a_failure_anywhere(world: World, flow: Flow) -> None:
    run_matrix(world, flow)
