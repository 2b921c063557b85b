from decimal import ROUND_CEILING, Decimal

MAX_COST = Decimal(10_000)
"""US dollars; a number that costs more is a mistake of the provider's, and is not for sale."""


def dollars(cost: Decimal, usd_rate: Decimal) -> Decimal:
    """US dollars with four places, rounded up: a cap made from it is never under what the provider asks."""
    return (cost * usd_rate).quantize(Decimal("0.0001"), ROUND_CEILING)


def units(cost: Decimal, usd_rate: Decimal) -> Decimal:
    """Dollars in the provider's currency, rounded up too: not under the cost that `dollars` made them from."""
    return (cost / usd_rate).quantize(Decimal("0.00000001"), ROUND_CEILING).normalize()
