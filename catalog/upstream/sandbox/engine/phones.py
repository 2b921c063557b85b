"""Mobile numbers of a country, each given out once."""

from collections import deque
from random import Random

from catalog.upstream.reference import Country


class Phones:
    """forced: handed out first, as they are, so that two orders can have the same number."""

    def __init__(self) -> None:
        self.forced: deque[str] = deque()
        self._used: set[str] = set()

    def take(self, country: Country, rng: Random) -> str:
        """Digits with the dial code, no plus."""
        if self.forced:
            return self.forced.popleft()
        phone = _fill(country, rng)
        while phone in self._used:
            phone = _fill(country, rng)
        self._used.add(phone)
        return phone


def _fill(country: Country, rng: Random) -> str:
    free = country.mobile.count("#")
    digits = f"{rng.randrange(10**free):0{free}d}"
    return country.dial_code + country.mobile[: len(country.mobile) - free] + digits
