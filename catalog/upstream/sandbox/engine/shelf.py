"""What is on sale: cost and stock of each pair of country and service."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from catalog.upstream.sandbox.engine.prices import Price


@dataclass(slots=True)
class Offer:
    cost: Decimal  # dollars
    count: int


class Shelf:
    """Not thread-safe: the shop guards it."""

    def __init__(self, prices: Iterable[Price]) -> None:
        self._offers: dict[int, dict[str, Offer]] = {}
        self._versions: dict[int, int] = {}
        self.changes = 0
        for price in prices:
            self._offers.setdefault(price.country, {})[price.service] = Offer(price.cost, price.count)

    def offer(self, country: int, service: str) -> Offer | None:
        return self._offers.get(country, {}).get(service)

    def version(self, country: int) -> int:
        """Goes up with every change in that country, so that a rendered list can be kept."""
        return self._versions.get(country, 0)

    def countries(self) -> list[int]:
        return list(self._offers)

    def services(self) -> set[str]:
        return set().union(*self._offers.values())

    def in_stock(self, country: int) -> Iterator[tuple[str, Offer]]:
        return ((code, offer) for code, offer in self._offers.get(country, {}).items() if offer.count > 0)

    def best_country(self, service: str) -> int | None:
        """Where most numbers are, for a buyer who does not say."""
        stocked = ((offer.count, country) for country, offer in self.of_service(service))
        return max(stocked, default=(0, None))[1]

    def of_service(self, service: str) -> Iterator[tuple[int, Offer]]:
        for country, offers in self._offers.items():
            offer = offers.get(service)
            if offer is not None and offer.count > 0:
                yield country, offer

    def move(self, country: int, service: str, by: int) -> None:
        """Change the stock; a pair that is no longer listed stays away."""
        offer = self.offer(country, service)
        if offer is not None:
            offer.count = max(0, offer.count + by)
            self._touch(country)

    def put(self, country: int, service: str, cost: Decimal | None, count: int | None) -> Offer:
        """List a pair, or change what is given of it."""
        offer = self._offers.setdefault(country, {}).setdefault(service, Offer(Decimal("0.1"), 0))
        if cost is not None:
            offer.cost = cost
        if count is not None:
            offer.count = count
        self._touch(country)
        return offer

    def _touch(self, country: int) -> None:
        self._versions[country] = self.version(country) + 1
        self.changes += 1
