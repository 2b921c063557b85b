"""Cards, FPX and GrabPay by Stripe Checkout, through Stripe's official SDK."""

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import stripe

from accounts.topups.gateways.base import (
    BadSignature,
    Gateway,
    Notice,
    Paid,
    Reading,
    Refunded,
    Refunding,
    Refused,
    Started,
    Wish,
)
from accounts.topups.gateways.stripe_amounts import to_minor
from accounts.topups.gateways.stripe_client import asking
from accounts.topups.gateways.stripe_notices import notice_of, verify
from accounts.topups.gateways.stripe_reading import (
    REFUND_ID,
    TOP_UP_ID,
    by_payment,
    paid_of,
    reading_of,
    refunded_of,
    text,
    values_of,
)

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

# A session may stay open for 30 minutes to 24 hours; a minute of either is for clocks that differ.
SHORTEST, LONGEST = 31 * 60, 24 * 3600 - 60
STEP = 15 * 60
PAGE = 100
LISTING_SECONDS = 120.0
_ID = re.compile(r"[A-Za-z0-9_]{4,255}")


class StripeGateway(Gateway):
    """Stripe's dashboard chooses which ways to pay are on offer, in which country.

    webhook_secrets: all that are in force; two while one replaces the other.
    api_url: of a sandbox that speaks as Stripe does; empty is Stripe.
    """

    def __init__(
        self, secret_key: str, webhook_secrets: Sequence[str], api_url: str = "", tolerance_seconds: int = 300
    ) -> None:
        self._secret_key = secret_key
        self._webhook_secrets = tuple(secret for secret in webhook_secrets if secret.strip())
        self._api_url = api_url
        self._tolerance = max(1, tolerance_seconds)  # the SDK takes none at all for zero

    def start(self, wish: Wish) -> Started:
        params = session_params(wish, time.time())
        with self._asking() as client:
            made = client.v1.checkout.sessions.create(params, {"idempotency_key": wish.top_up_id})
            session = values_of(made, "checkout.session")
            return Started(text(session, "id"), text(session, "url") if session.get("url") is not None else "")

    def read(self, ref: str) -> Reading:
        with self._asking() as client:
            expand = ["payment_intent.latest_charge"]
            found = client.v1.checkout.sessions.retrieve(_checked(ref), {"expand": expand})
            session = values_of(found, "checkout.session")
            intent = session.get("payment_intent")
            return reading_of(session, self._paid(client, intent) if intent else None)

    def read_payment(self, payment_ref: str) -> Paid | None:
        with self._asking() as client:
            found = client.v1.payment_intents.retrieve(_checked(payment_ref), {"expand": ["latest_charge"]})
            return self._paid(client, values_of(found, "payment_intent"))

    def _paid(self, client: stripe.StripeClient, intent: Mapping[str, Any]) -> Paid | None:
        if text(intent, "status") != "succeeded":
            return None
        disputes = client.v1.disputes.list({"payment_intent": text(intent, "id"), "limit": PAGE})
        return paid_of(intent, _all(disputes), _refunds(client, text(intent, "id")))

    def notice(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        if not self._webhook_secrets:
            raise BadSignature("no secret to verify webhooks by")
        verify(body, headers.get("stripe-signature", ""), self._webhook_secrets, self._tolerance)
        return notice_of(body)

    def paid_since(self, moment: datetime) -> Iterable[Paid]:
        """By when the customer began to pay, up to a day before the money came (days, with some banks)."""
        since: Any = {"gte": int(moment.timestamp())}
        with self._asking(LISTING_SECONDS) as client:
            expand = ["data.latest_charge"]
            intents = list(_all(client.v1.payment_intents.list({"created": since, "limit": PAGE, "expand": expand})))
            # Whatever became of a payment came after it.
            disputes = by_payment(_all(client.v1.disputes.list({"created": since, "limit": PAGE})))
            refunds = by_payment(_all(client.v1.refunds.list({"created": since, "limit": PAGE})))
            found = [paid_of(one, disputes.get(one["id"], ()), refunds.get(one["id"], ())) for one in intents]
        return [paid for paid in found if paid]

    def refund(self, refunding: Refunding) -> Refunded:
        amount = to_minor(refunding.amount, refunding.currency)
        with self._asking() as client:
            # Stripe forgets keys after a day; what it was told with the refund it keeps.
            for refund in _refunds(client, _checked(refunding.payment_ref)):
                if refunded_of(refund).refund_id == refunding.refund_id:
                    return refunded_of(refund)
            made = client.v1.refunds.create(
                {
                    "payment_intent": refunding.payment_ref,
                    "amount": amount,
                    "metadata": {REFUND_ID: refunding.refund_id},
                },
                {"idempotency_key": refunding.refund_id},
            )
            return refunded_of(values_of(made, "refund"))

    def _asking(self, *seconds: float) -> AbstractContextManager[stripe.StripeClient]:
        if not self._secret_key:
            raise Refused("no secret key for Stripe")
        return asking(self._secret_key, self._api_url, *seconds)


def session_params(wish: Wish, now: float) -> "SessionCreateParams":
    """The same for the same wish, so that Stripe knows a second asking for what it is. Raises Refused."""
    price: Any = {
        "currency": wish.currency.lower(),
        "product_data": {"name": "Balance top-up"},
        "unit_amount": to_minor(wish.amount, wish.currency),
    }
    told = {TOP_UP_ID: wish.top_up_id}
    params: SessionCreateParams = {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "client_reference_id": wish.top_up_id,
        "metadata": told,
        "payment_intent_data": {"metadata": told},
        # What is captured has to be in the currency that was asked for.
        "adaptive_pricing": {"enabled": False},
        "expires_at": _expires_at(wish.expires_at, now),
        "success_url": wish.return_url,
        "cancel_url": wish.return_url,
    }
    if wish.email:
        params["customer_email"] = wish.email
    return params


def _expires_at(wanted: datetime, now: float) -> int:
    """Too early an end moves to the next quarter of an hour, the same for a second asking soon after."""
    earliest = -(-int(now + SHORTEST) // STEP) * STEP
    end = int(wanted.timestamp())
    if end < now + SHORTEST:
        return earliest
    return min(end, int(now + LONGEST) // STEP * STEP)


def _refunds(client: stripe.StripeClient, payment_ref: str) -> Iterator[Mapping[str, Any]]:
    return _all(client.v1.refunds.list({"payment_intent": payment_ref, "limit": PAGE}))


def _all(first_page: Any) -> Iterator[Mapping[str, Any]]:
    for each in first_page.auto_paging_iter():
        yield each.to_dict()


def _checked(ref: str) -> str:
    if not _ID.fullmatch(ref):
        raise Refused("no name of Stripe's")
    return ref
