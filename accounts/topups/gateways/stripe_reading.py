"""What Stripe's objects mean in the words of all gateways. A reply of another shape raises ValueError."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from accounts.topups.gateways.base import Dispute, Paid, Reading, Refunded, RefundStage, Stage
from accounts.topups.gateways.stripe_amounts import from_minor

Values = Mapping[str, Any]
TOP_UP_ID = "top_up_id"
REFUND_ID = "refund_id"
_REFUND_STAGES = {"succeeded": RefundStage.DONE, "failed": RefundStage.FAILED, "canceled": RefundStage.FAILED}
# An appeal follows a dispute that was lost: lost it stays, until the appeal is won.
_DISPUTES = {
    "won": Dispute.WON,
    "warning_closed": Dispute.WON,
    "lost": Dispute.LOST,
    "appeal_needs_response": Dispute.LOST,
    "appeal_under_review": Dispute.LOST,
}


def values_of(reply: Any, kind: str) -> Values:
    """Of an object of the SDK's."""
    values = reply.to_dict()
    if values.get("object") != kind:
        raise ValueError(f"no {kind}")
    return dict(values)


def reading_of(session: Values, paid: Paid | None) -> Reading:
    """session: with its payment intent expanded."""
    intent = session.get("payment_intent")
    error = intent.get("last_payment_error") if isinstance(intent, Mapping) else None
    why = error.get("message") if isinstance(error, Mapping) else ""
    return Reading(
        stage=_stage(session, intent),
        paid=(paid,) if paid else (),
        why=why if isinstance(why, str) and not paid else "",
    )


def _stage(session: Values, intent: Any) -> Stage:
    status = text(session, "status")
    if status == "open":
        return Stage.OPEN
    if status == "expired":
        return Stage.EXPIRED
    if status != "complete":
        raise ValueError("a session in an unknown state")
    has_failed = isinstance(intent, Mapping) and intent.get("status") in ("requires_payment_method", "canceled")
    return Stage.FAILED if has_failed and session.get("payment_status") == "unpaid" else Stage.PENDING


def paid_of(intent: Values, disputes: Iterable[Values], refunds: Iterable[Values]) -> Paid | None:
    """None where nothing is captured. disputes, refunds: all of this payment intent."""
    received = number(intent, "amount_received")
    if text(intent, "status") != "succeeded" or received <= 0:
        return None
    currency = text(intent, "currency").upper()
    dispute, disputed = _dispute_of(disputes, currency)
    charge = intent.get("latest_charge")
    return Paid(
        ref=text(intent, "id"),
        amount=from_minor(received, currency),
        currency=currency,
        at=datetime.fromtimestamp(number(charge if isinstance(charge, Mapping) else intent, "created"), UTC),
        top_up_id=_told(intent, TOP_UP_ID),
        dispute=dispute,
        disputed=disputed,
        refunds=tuple(refunded_of(refund) for refund in refunds),
    )


def refunded_of(refund: Values) -> Refunded:
    why = refund.get("failure_reason")
    return Refunded(
        ref=text(refund, "id"),
        refund_id=_told(refund, REFUND_ID),
        amount=from_minor(number(refund, "amount"), text(refund, "currency").upper()),
        stage=_REFUND_STAGES.get(str(refund.get("status")), RefundStage.PENDING),
        why=why if isinstance(why, str) else "",
    )


def _dispute_of(disputes: Iterable[Values], currency: str) -> tuple[Dispute, Decimal]:
    """Of several, the worst, with the sum of those that are as bad."""
    found = [(_outcome(dispute), from_minor(number(dispute, "amount"), currency)) for dispute in disputes]
    for outcome in (Dispute.LOST, Dispute.OPEN, Dispute.WON):
        amounts = [amount for each, amount in found if each is outcome]
        if amounts:
            return outcome, sum(amounts, Decimal(0))
    return Dispute.NONE, Decimal(0)


def _outcome(dispute: Values) -> Dispute:
    status = text(dispute, "status")
    if status == "prevented":  # settled before it became a dispute, as a rule by giving the money back
        return Dispute.LOST if _withdrawn(dispute) > 0 else Dispute.WON
    return _DISPUTES.get(status, Dispute.OPEN)


def _withdrawn(dispute: Values) -> int:
    return -sum(number(movement, "amount") for movement in dispute.get("balance_transactions") or ())


def by_payment(values: Iterable[Values]) -> dict[str, list[Values]]:
    """Refunds or disputes, grouped by their payment intent."""
    groups: dict[str, list[Values]] = {}
    for each in values:
        groups.setdefault(id_of(each.get("payment_intent")), []).append(each)
    return groups


def id_of(reference: Any) -> str:
    """Of an object that comes as its id or expanded; empty where there is none."""
    if isinstance(reference, Mapping):
        reference = reference.get("id")
    return reference if isinstance(reference, str) else ""


def _told(values: Values, name: str) -> str:
    metadata = values.get("metadata")
    told = metadata.get(name) if isinstance(metadata, Mapping) else ""
    return told if isinstance(told, str) else ""


def text(values: Values, name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is no text")
    return value


def number(values: Values, name: str) -> int:
    value = values.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} is no number")
    return value
