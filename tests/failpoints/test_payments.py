import pytest

from tests.failpoints.acts import Flow
from tests.failpoints.flows.payments import FLOWS
from tests.failpoints.matrix import run_matrix
from tests.failpoints.world import World


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("flow", FLOWS)
def test_payments_survive_a_failure_anywhere(world: World, flow: Flow) -> None:
    run_matrix(world, flow)
