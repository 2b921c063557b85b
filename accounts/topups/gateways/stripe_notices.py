"""Stripe's webhooks: https://docs.stripe.com/webhooks#verify-manually"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import stripe

from accounts.topups.gateways.base import BadSignature, Notice
from accounts.topups.gateways.stripe_reading import id_of

MAX_BODY = 2**20  # bytes; a real event has a few thousand
MAX_HEADER = 4096
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_KIND = re.compile(r"[a-z0-9_.]{1,100}")
_SESSION_KINDS = frozenset(
    f"checkout.session.{what}" for what in ("completed", "async_payment_succeeded", "async_payment_failed", "expired")
)
_PAYMENT_KINDS = frozenset(
    (
        "refund.created",
        "refund.updated",
        "refund.failed",
        "charge.refunded",
        *(f"charge.dispute.{what}" for what in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")),
    )
)


def verify(body: bytes, header: str, secrets: Sequence[str], tolerance: int) -> None:
    """Any one of the secrets will do, so that they can be changed without a gap. Raises BadSignature."""
    if len(body) > MAX_BODY or len(header) > MAX_HEADER or not header.isascii():
        raise BadSignature("no webhook of Stripe's looks like that")
    if not any(_is_signed(body, header, secret, tolerance) for secret in secrets):
        raise BadSignature("no signature by a secret of ours, or too old")


def _is_signed(body: bytes, header: str, secret: str, tolerance: int) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(body, header, secret, tolerance))
    except (stripe.SignatureVerificationError, ValueError):
        return False


def notice_of(body: bytes) -> Notice:
    """Raises BadSignature for what is no event."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise BadSignature("no JSON") from None
    if not isinstance(event, dict):
        raise BadSignature("no event")
    kind = _matching(_KIND, event.get("type"))
    ref, payment_ref = _refs(kind, _object(event))
    return Notice(_matching(_ID, event.get("id")), kind, _known(ref), _known(payment_ref))


def _refs(kind: str, about: Mapping[str, Any]) -> tuple[str, str]:
    """Of the session and of the payment intent."""
    if kind in _SESSION_KINDS:
        return id_of(about), id_of(about.get("payment_intent"))
    if kind == "payment_intent.succeeded":
        return "", id_of(about)
    return "", id_of(about.get("payment_intent")) if kind in _PAYMENT_KINDS else ""


def _object(event: Mapping[str, Any]) -> Mapping[str, Any]:
    data = event.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    return about if isinstance(about, dict) else {}


def _known(ref: str) -> str:
    return ref if _ID.fullmatch(ref) else ""


def _matching(pattern: re.Pattern[str], value: Any) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadSignature("no event of Stripe's")
    return value
