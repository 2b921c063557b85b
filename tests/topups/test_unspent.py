"""Over any history of a wallet: what may go back of a top-up is what is left of it, first in, first out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from accounts.topups.errors import NotPossible
from accounts.topups.gateways.base import Gateway, Refunded, Refunding, RefundStage
from accounts.topups.models import Finding, PayoutState, Review, TopUp
from accounts.topups.services import payouts
from accounts.wallet import services as wallet
from accounts.wallet.models import Entry, Wallet
from jiema.api.ids import new_id
from tests import paying

FEW = settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Willing(Gateway):
    """Pays back all that it is told to, or nothing."""

    stage = RefundStage.DONE

    def refund(self, refunding: Refunding) -> Refunded:
        return Refunded(f"re-{refunding.refund_id}", refunding.refund_id, refunding.amount, self.stage)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Willing:
    willing = Willing()
    monkeypatch.setattr("accounts.topups.methods.gateway", lambda code: willing)
    return willing


@dataclass
class History:
    """What came in and went out, cent by cent: the oracle. coins: whose each of them is, the oldest first."""

    came: list[tuple[str, int]] = field(default_factory=list)
    spent: dict[str, int] = field(default_factory=dict)
    back: dict[str, int] = field(default_factory=dict)

    def left(self) -> dict[str, int]:
        """Of each income; a refunded order, as one that was never made, is not in `spent`."""
        coins = [name for name, cents in self.came for _ in range(cents - self.back.get(name, 0))]
        rest = coins[sum(self.spent.values()) :]
        return {name: rest.count(name) for name, _ in self.came}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["top up", "gift", "voucher", "referral", "take", "buy", "refund", "back", "back fails"]),
        st.integers(1, 60),
    ),
    min_size=3,
    max_size=14,
)


@pytest.mark.django_db
@FEW
@given(steps=STEPS)
def test_what_is_unspent_is_what_first_in_first_out_leaves(gateway: Willing, alice: User, steps: list) -> None:
    before = transaction.savepoint()
    shop = Shop(alice, gateway)
    for what, number in [("top up", 40), *steps]:
        shop.do(what, number)
        left = shop.history.left()
        assert sum(left.values()) == shop.balance()
        for top_up in shop.top_ups:
            fresh = TopUp.objects.get(pk=top_up)
            assert payouts.refundable(fresh) == left[top_up]
            assert fresh.refunded_cents == shop.history.back.get(top_up, 0)
            with pytest.raises(NotPossible):
                payouts.pay_back(top_up, left[top_up] + 1, "ops", "tests", new_id())
    transaction.savepoint_rollback(before)


class Shop:
    """A customer who has had $25.00 before the first top-up."""

    def __init__(self, user: User, gateway: Willing) -> None:
        self.user = user
        self.gateway = gateway
        self.history = History([("before", self.balance())])
        self.top_ups: list[str] = []

    def balance(self) -> int:
        return Wallet.objects.get(pk=self.user.pk).balance_cents

    def do(self, what: str, number: int) -> None:
        steps: dict[str, Callable[[int], None]] = {
            "top up": self._top_up,
            "gift": lambda cents: self._income(wallet.adjust, cents, reason="gift", actor="tests"),
            "voucher": lambda cents: self._income(wallet.redeem, cents),
            "referral": lambda cents: self._income(wallet.earn, cents),
            "take": lambda cents: self._spend(cents, "adjust"),
            "buy": lambda cents: self._spend(cents * 40, "charge"),
            "refund": self._refund,
            "back": lambda cents: self._pay_back(cents, RefundStage.DONE),
            "back fails": lambda cents: self._pay_back(cents, RefundStage.FAILED),
        }
        steps[what](number)

    def _top_up(self, cents: int) -> None:
        top_up = paying.pay_in(self.user, cents)
        self.top_ups.append(top_up.pk)
        self.history.came.append((top_up.pk, cents))

    def _income(self, verb: Callable[..., Entry], cents: int, **more: str) -> None:
        entry = verb(self.user.pk, cents, new_id(), **more)
        self.history.came.append((str(entry.pk), cents))

    def _spend(self, cents: int, how: str) -> None:
        cents, name = min(cents, self.balance()), new_id()
        if not cents:
            return
        if how == "charge":
            wallet.charge(self.user.pk, cents, name)
        else:
            wallet.adjust(self.user.pk, -cents, name, reason="taken", actor="tests")
        self.history.spent[f"{how} {name}"] = cents

    def _refund(self, number: int) -> None:
        orders = [name for name in self.history.spent if name.startswith("charge ")]
        if orders:
            name = orders[number % len(orders)]
            wallet.refund(self.user.pk, name.removeprefix("charge "))
            del self.history.spent[name]

    def _pay_back(self, number: int, stage: RefundStage) -> None:
        top_up = self.top_ups[number % len(self.top_ups)]
        cents = min(number, self.history.left()[top_up])
        if not cents:
            return
        self.gateway.stage = stage
        payout = payouts.pay_back(top_up, cents, "ops", "tests", new_id())
        assert payout.state == (PayoutState.DONE if stage == RefundStage.DONE else PayoutState.FAILED)
        if stage == RefundStage.DONE:
            self.history.back[top_up] = self.history.back.get(top_up, 0) + cents


AMOUNTS = st.decimals("0.000001", "50", places=6)


@pytest.mark.django_db
@FEW
@given(amounts=st.lists(st.tuples(AMOUNTS, st.sampled_from(["USDT", "USDT", "FAKE"])), min_size=1, max_size=5))
def test_payments_to_one_wish_bring_each_its_worth_once(alice: User, amounts: list) -> None:
    """Under- and overpaid, dust, a wrong token, paid again: over a chain anybody may send anything."""
    before = transaction.savepoint()
    start = Wallet.objects.get(pk=alice.pk).balance_cents
    wish = TopUp.objects.create(
        user=alice, gateway="tron", amount_cents=1000, asked=Decimal("10.10"), currency="USDT", gateway_ref="T1"
    )
    payments = [
        paying.paid(wish, ref=f"tx-{number}", amount=amount, currency=currency)
        for number, (amount, currency) in enumerate(amounts)
    ]
    for payment in [*payments, *reversed(payments)]:
        paying.apply_payment(wish.pk, payment)
    worths = [amount * 1000 // Decimal("10.10") if currency == "USDT" else 0 for amount, currency in amounts]
    assert Wallet.objects.get(pk=alice.pk).balance_cents == start + sum(worths)
    assert Entry.objects.filter(wallet=alice.pk, kind="top_up").count() == sum(1 for worth in worths if worth)
    worthless = Review.objects.filter(finding__in=[Finding.CURRENCY, Finding.DUST]).count()
    assert worthless == sum(1 for worth in worths if not worth)
    transaction.savepoint_rollback(before)
