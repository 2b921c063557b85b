"""What a key may buy: its services, and its cap of what it spends within 24 hours."""

from accounts.selectors import hold_daily_cap, usable_key
from catalog.selectors import Quote
from jiema.api.errors import AuthInvalid
from jiema.money import dollars
from orders.errors import OverDailyCap, ServiceNotAllowed
from orders.selectors import spent_by_key


def require_allowed(key_id: int, price: Quote) -> None:
    """In the transaction of the charge: buyers on one capped key go one after the other, so the cap holds.

    Raises AuthInvalid where the key ended since the door, ServiceNotAllowed, OverDailyCap.
    """
    key = usable_key(key_id)
    if key is None:
        raise AuthInvalid
    if key.service_codes and price.service_code not in key.service_codes:
        raise ServiceNotAllowed(f"This API key may not buy {price.service_code}, only: {', '.join(key.service_codes)}.")
    if key.daily_cap_cents is not None:
        _require_within_cap(key_id, price.price_cents)


def _require_within_cap(key_id: int, price_cents: int) -> None:
    cap_cents = hold_daily_cap(key_id)
    spent_cents = spent_by_key(key_id)
    if cap_cents is not None and spent_cents + price_cents > cap_cents:
        raise OverDailyCap(
            f"This API key may spend {dollars(cap_cents)} within 24 hours and has spent {dollars(spent_cents)}; "
            f"this number costs {dollars(price_cents)}. Nothing was charged."
        )
