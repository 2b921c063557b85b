"""A shop, its provider in rough weather, its customers and its worker, with time that passes tick by tick."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection

from catalog.models import Provider
from catalog.upstream.sandbox import Sandbox
from catalog.upstream.sandbox.engine.activation import Activation
from orders.models import Order, Outcome, UpstreamAttempt
from orders.services import cancelling, reconciling, syncing
from tests.unknown.crowd import Buyer, Journal
from tests.unknown.hours import Gate, ShiftedClock, age_rows
from tests.unknown.weather import Weather

WORKERS = 2


@dataclass
class World:
    """tick_seconds: between two sweeps, 3 on the schedule.

    owned_at: by activation id, when an order had the number, on the provider's clock; seen to a tick.
    """

    provider: Provider
    sandbox: Sandbox
    clock: ShiftedClock
    weather: Weather
    gate: Gate = field(default_factory=Gate)
    journal: Journal = field(default_factory=Journal)
    owned_at: dict[str, float] = field(default_factory=dict)
    tick_seconds: float = 3.0

    def sell(self, buyers: Sequence[Buyer], orders: int) -> None:
        """All buyers at once, with the worker's ticks beside them, until the last has finished."""
        shares = [orders // len(buyers) + (number < orders % len(buyers)) for number in range(len(buyers))]
        threads = [threading.Thread(target=b.shop, args=(n,)) for b, n in zip(buyers, shares, strict=True)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.tick()
            time.sleep(0.1)
        for thread in threads:
            thread.join()

    def tick(self) -> None:
        """What the worker's processes do, and the time until they do it again."""
        with self.gate.passing():
            self._work()
            self._look()
        with self.gate.shut():
            self.skip(self.tick_seconds)

    def skip(self, seconds: float) -> None:
        self.clock.skipped += seconds
        age_rows(seconds)
        self.sandbox.shop.tick()

    def tick_until(self, is_over: Callable[[], bool], at_most: int) -> None:
        for _ in range(at_most):
            if is_over():
                return
            self.tick()
        raise AssertionError(f"not over after {at_most} ticks")

    def _work(self) -> None:
        sweeps = [threading.Thread(target=self._sweep) for _ in range(WORKERS - 1)]
        for sweep in sweeps:
            sweep.start()
        reconciling.sweep(self.provider)
        syncing.end_due_orders()
        cancelling.give_back_due()
        for sweep in sweeps:
            sweep.join()

    def _sweep(self) -> None:
        try:
            reconciling.sweep(self.provider)
        finally:
            connection.close()

    def _look(self) -> None:
        now = self.clock.now()
        for activation_id in owners():
            self.owned_at.setdefault(activation_id, now)

    # What came of it

    def sold(self) -> list[Activation]:
        return self.sandbox.shop.history(0, self.clock.now() + 1, 0, 1_000_000)

    def orphans(self) -> list[Activation]:
        """Numbers that the provider sold and no order owns."""
        owned = owners()
        return [number for number in self.sold() if str(number.id) not in owned]

    def oldest_orphan(self) -> float:
        """Seconds between the sale of a number and its having an order, the longest."""
        now = self.clock.now()
        return max(self.owned_at.get(str(number.id), now) - number.bought_at for number in self.sold())

    def spent_upstream(self) -> Decimal:
        return Decimal(10_000) - self.sandbox.shop.account.balance

    def purchase_calls(self) -> int:
        return sum(self.sandbox.log.count(action) for action in ("getNumber", "getNumberV2"))


def owners() -> dict[str, str]:
    """Order id by activation id."""
    found = Order.objects.filter(activation_id__isnull=False).values_list("activation_id", "pk")
    return {str(activation_id): order_id for activation_id, order_id in found}


def is_settled() -> bool:
    return not UpstreamAttempt.objects.filter(outcome__in=[Outcome.IN_FLIGHT, Outcome.UNKNOWN]).exists()


def is_given_back() -> bool:
    return not Order.objects.filter(cancel_upstream_at__isnull=False).exists()
