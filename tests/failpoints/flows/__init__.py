from tests.failpoints.acts import Flow
from tests.failpoints.flows import buying, cancelling, following, money, payments, sweeping

ALL: tuple[Flow, ...] = (
    *buying.FLOWS,
    *cancelling.FLOWS,
    *following.FLOWS,
    *sweeping.FLOWS,
    *money.FLOWS,
    *payments.FLOWS,
)
