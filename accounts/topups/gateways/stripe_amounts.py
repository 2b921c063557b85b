"""Amounts as Stripe writes them: whole numbers of the currency's minor unit, https://docs.stripe.com/currencies"""

from decimal import Decimal

from accounts.topups.gateways.base import Refused

ZERO_DECIMAL = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
# Their last digit has to be zero.
THREE_DECIMAL = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))
# Written with two decimals, which have to be zero.
WHOLE_WITH_DECIMALS = frozenset(("ISK",))
# Listed as a currency without decimals and, on the same page, as one with two: no sum is asked for in it.
CONTRADICTED = frozenset(("UGX",))


def to_minor(amount: Decimal, currency: str) -> int:
    """Raises Refused where the currency cannot express the amount."""
    if currency in CONTRADICTED or not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise Refused(f"no amounts in {currency[:10]}")
    minor = amount.scaleb(digits(currency))
    if not amount.is_finite() or amount <= 0 or minor % _step(currency):
        raise Refused(f"{amount} is no amount in {currency}")
    return int(minor)


def from_minor(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-digits(currency))


def digits(currency: str) -> int:
    """After the point."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def _step(currency: str) -> int:
    if currency in WHOLE_WITH_DECIMALS:
        return 100
    return 10 if currency in THREE_DECIMAL else 1
