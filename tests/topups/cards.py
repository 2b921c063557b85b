"""The card sandbox and Stripe's gateway at it, for tests; no Django."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.topups.gateways.base import Refunding, Wish
from accounts.topups.gateways.stripe import StripeGateway
from accounts.topups.sandbox.cards import CardSandbox

SECRET = "whsec_tests"
BACK = "http://127.0.0.1:1/top-up/back"


def gateway_at(cards: CardSandbox) -> StripeGateway:
    return StripeGateway("sk_test_tests", [SECRET], cards.url)


def wish(top_up_id: str = "t1", amount: str = "25.50", currency: str = "USD", **changed: Any) -> Wish:
    told: dict[str, Any] = {
        "top_up_id": top_up_id,
        "amount": Decimal(amount),
        "currency": currency,
        "return_url": BACK,
        "email": "alice@example.com",
        "expires_at": datetime.now(UTC) + timedelta(hours=2),
    }
    return Wish(**told | changed)


def refunding(payment_ref: str, amount: str = "25.50", refund_id: str = "r1", currency: str = "USD") -> Refunding:
    return Refunding(refund_id, payment_ref, Decimal(amount), currency)


def event(cards: CardSandbox, kind: str) -> dict[str, Any]:
    """The newest of its kind."""
    return next(one for one in reversed(cards.events) if one["type"] == kind)
