"""What an offer's past says about its next number. Nothing here is shown as a bare percentage."""

import math
from dataclasses import dataclass
from decimal import Decimal

LEAST_TESTED = 5
"""Fewer numbers than this say nothing: such an offer is "not tested yet"."""
USUAL_RATE = Decimal("0.70")
"""Of ten numbers about seven bring a code, at any shop of this trade; taken until a shop has figures of its own."""
LEAST_RATED = 50
"""So many numbers in seven days make a rate of this shop's own."""
PRIOR_WEIGHT = 10
"""What we expected counts as much as so many numbers that were tried."""


@dataclass(frozen=True, slots=True)
class Window:
    """Of one offer in one stretch of time: numbers bought, how many of them brought a code, and how soon.

    Seconds from the purchase to the first SMS, of those that brought one: half came within median_seconds, nine in
    ten within p90_seconds. None where no code came.
    """

    bought: int
    arrived: int
    median_seconds: int | None
    p90_seconds: int | None

    @property
    def is_tested(self) -> bool:
        return self.bought >= LEAST_TESTED


UNTRIED = Window(0, 0, None, None)


@dataclass(frozen=True, slots=True)
class Odds:
    day: Window = UNTRIED
    week: Window = UNTRIED

    def chance(self, rate: Decimal) -> Decimal:
        """Of a code for the next number; between 0 and 1, and neither. rate: the shop's own, of all offers.

        A Beta prior at each step: what is expected of the week is the shop's rate, what is expected of the day is
        the week. So an untried offer is as good as the shop, a few numbers move it a little, many decide; and an offer
        that has dried up today falls today.
        """
        return _shrunk(self.day, _shrunk(self.week, rate))

    def expected_cents(self, price_cents: int, rate: Decimal) -> int:
        """The price of one code that arrives, US cents rounded up: numbers are tried until one brings it."""
        return math.ceil(price_cents / self.chance(rate))


def _shrunk(window: Window, expected: Decimal) -> Decimal:
    return (window.arrived + PRIOR_WEIGHT * expected) / (window.bought + PRIOR_WEIGHT)
