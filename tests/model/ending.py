"""The end of an example: nothing goes wrong any more, time passes, and all has to be settled."""

import sys
from datetime import timedelta
from decimal import Decimal

from django.db.models import F, Q

from catalog.upstream.sandbox.engine.activation import Phase
from jiema import books, watch
from orders.models import Cause, StrayActivation, UpstreamAttempt, UpstreamLoss
from orders.models import Order as Row
from orders.services import cancelling, reconciling, syncing
from tests.model.stage import EVENTS, Stage
from tests.model.state import OPEN, REFUNDED
from tests.model.window import KNOWN


class Ending(Stage):
    def teardown(self) -> None:
        if sys.exc_info()[0] is None and hasattr(self, "oracle"):
            self.rule = "settle"
            self.settle()

    def settle(self) -> None:
        """Each order ends, and what the provider keeps has an owner."""
        self.sandbox.faults.clear()
        for seconds in (20, 5, 130, 610, 1300, 70, 40):
            self.world.clock.move(seconds * 1000)
            self.sandbox.shop.tick()
            self.step(self._tick)
            if seconds == 610:
                self._check_given_back()
        self.step(self.watch)
        assert not [number for number in self.sold() if number.is_open]
        assert not Row.objects.filter(Q(status__in=OPEN) | Q(cancel_upstream_at__isnull=False)).exists()
        assert not UpstreamAttempt.objects.filter(outcome__in=reconciling.UNSETTLED).exists()
        self._check_costs()
        assert [breach for breach in books.breaches() if breach.check not in KNOWN] == []
        EVENTS.update(order.status for order in self.oracle.books.orders.values())
        EVENTS.update(self.oracle.learned)

    def _check_given_back(self) -> None:
        """What nobody wants, long before it ends by itself."""
        unused = [str(number.id) for number in self.sold() if number.is_open and not number.messages]
        assert not [id_ for id_ in unused if (owner := self.oracle.owner(id_)) and owner.status in REFUNDED]

    def _tick(self) -> None:
        """What the clock's tasks do."""
        reconciling.sweep(self.provider)
        syncing.end_due_orders()
        cancelling.give_back_due()

    def watch(self) -> None:
        watch.look_around()
        watch.read_balances()

    def _check_costs(self) -> None:
        """What was paid for is what the provider keeps, but for what it took back with an SMS."""
        kept = {str(number.id): number.cost for number in self.sold() if number.phase is Phase.FINISHED}
        assert sum(kept.values()) == 10_000 - self.sandbox.shop.account.balance
        paid = dict(Row.objects.filter(status="COMPLETED").values_list("activation_id", "paid_cost"))
        assert {**paid, **kept} == {**kept, **paid}
        if self.sandbox.shop.rules.forget_after is None:  # else nobody tells us how a number ended
            self._check_losses(kept, paid)

    def _check_losses(self, kept: dict[str, Decimal], paid: dict[str, Decimal]) -> None:
        """A number that was over before a list could show it stays unowned: then ops have its cost on their desk."""
        losses = UpstreamLoss.objects.filter(void_at=None)
        lost = dict(losses.exclude(order__activation_id=None).values_list("order__activation_id", "cost"))
        answered = {str(number.id) for number in self.sold() if number.messages}
        given_up = losses.filter(cause=Cause.KEPT, created_at__gt=F("order__expires_at") + timedelta(hours=1))
        assert lost.keys() <= answered | {*given_up.values_list("order__activation_id", flat=True)}
        assert {**kept, **lost} == {**lost, **kept}
        unowned = kept.keys() - paid.keys() - lost.keys()
        assert not unowned & self.had_an_owner
        strays = StrayActivation.objects.filter(settled_at=None).values_list("activation_id", flat=True)
        assert len(unowned - {*strays}) <= losses.filter(order__activation_id=None).count()
