"""Draws a price list by seed, shaped like a large provider's.

What real lists look like: a country sells dozens to hundreds of services, the popular ones everywhere;
few distinct costs, 0.01 to 19.15 dollars, median 0.10; most services of a country share one pool of
numbers, 13 to 2.1 million; a pair without stock is absent.
"""

import math
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from random import Random

from catalog.upstream.reference import Country, Service, countries, services
from catalog.upstream.sandbox.engine.chance import chance

LIVE_SIZES = 50_000  # longer lists draw from what is no longer live, too
EVERYWHERE = 12  # so many of the most popular services are sold in every country
COUNT_RANGE = (13, 2_100_000)
_STEPS = (
    [*range(100, 190, 10), *range(125, 400, 25), *range(200, 260, 20)],
    [*range(400, 1000, 50)],
)
_TICKS = sorted(
    {Decimal(step).scaleb(power) for steps in _STEPS for step in steps for power in (-4, -3, -2)}
    | {Decimal(text) for text in ("10", "11", "12.5", "15", "17.5", "19.15")}
)
_LOG_TICKS = [math.log(tick) for tick in _TICKS]


@dataclass(frozen=True, slots=True)
class Price:
    country: int
    service: str
    cost: Decimal  # dollars
    count: int


@lru_cache(maxsize=4)
def draw(seed: int, size: int) -> tuple[Price, ...]:
    """`size` prices, or as many as there are pairs. The same seed and size give the same list."""
    rng = chance("prices", seed)
    sold_in, sold = universe(size)
    codes = [service.code for service in sold]
    levels = [_service_level(rng) for _ in codes]
    prices: list[Price] = []
    for country, quota in zip(sold_in, _quotas(rng, len(sold_in), len(codes), size), strict=True):
        pool, level = rng.lognormvariate(8.5, 1.8), rng.gauss(0, 0.4)
        for index in _choose(rng, len(codes), quota):
            cost = _snap(levels[index] + level + rng.gauss(0, 0.35))
            prices.append(Price(country.id, codes[index], cost, _count(rng, pool)))
    return tuple(prices)


def universe(size: int) -> tuple[list[Country], list[Service]]:
    """The countries and services that a list of this size is drawn from."""
    everything = size > LIVE_SIZES
    sold = [s for s in services() if (s.live or everything) and s.code != "full"]
    return [c for c in countries() if c.live or everything], sold


def _service_level(rng: Random) -> float:
    dear = 2.2 if rng.random() < 0.02 else 0.0
    return math.log(0.1) + rng.gauss(0, 0.65) + dear


def _quotas(rng: Random, places: int, most: int, size: int) -> list[int]:
    """How many services each country sells; together `size`, where there are that many pairs."""
    weights = [rng.lognormvariate(0, 0.45) for _ in range(places)]
    share = size / sum(weights)
    edges = [round(edge * share) for edge in accumulate(weights)]
    quotas = [min(high - low, most) for low, high in zip([0, *edges], edges, strict=False)]
    missing = min(size, places * most) - sum(quotas)
    for place in range(places):
        more = min(missing, most - quotas[place])
        quotas[place] += more
        missing -= more
    return quotas


def _choose(rng: Random, services_: int, quota: int) -> Sequence[int]:
    """`quota` service indexes, the popular likelier (Efraimidis and Spirakis), in order of popularity."""
    first = min(EVERYWHERE, quota)
    draw_ = rng.random
    keyed = sorted((math.log(1 - draw_()) / (0.05 + 10 / (3 + i)), i) for i in range(first, services_))
    return [*range(first), *sorted(i for _, i in keyed[len(keyed) - (quota - first) :])]


def _snap(log_cost: float) -> Decimal:
    at = min(max(bisect(_LOG_TICKS, log_cost), 1), len(_TICKS) - 1)
    nearer_below = log_cost - _LOG_TICKS[at - 1] < _LOG_TICKS[at] - log_cost
    return _TICKS[at - 1] if nearer_below else _TICKS[at]


def _count(rng: Random, pool: float) -> int:
    spread = 0.03 if rng.random() < 0.7 else 1.8
    low, high = COUNT_RANGE
    return max(low, min(high, int(pool * math.exp(rng.gauss(0, spread)))))
