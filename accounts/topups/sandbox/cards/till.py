"""What happens to sessions, payments, refunds and disputes, and the events that tell of it."""

import copy
import threading
from collections.abc import Callable

from accounts.topups.sandbox.cards import shapes
from accounts.topups.sandbox.cards.refusals import Refusal, missing
from accounts.topups.sandbox.cards.shapes import Thing

KINDS = {"cs": "checkout.session", "pi": "payment_intent", "ch": "charge", "re": "refund", "du": "dispute"}
DECLINED = {
    "code": "card_declined",
    "decline_code": "generic_decline",
    "message": "Your card was declined.",
    "type": "card_error",
}
BANK_SAID_NO = {
    "code": "payment_intent_payment_attempt_failed",
    "message": "The payment failed.",
    "type": "card_error",
}


class Till:
    """Thread-safe by `turn`, which whoever reads or changes things holds.

    told_for: the metadata for the payments of each session. payments: those of each session, the second ones too.
    refunds_wait: new refunds stay pending until settle_refund.
    listeners: are called with each event, under the lock.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.turn = threading.RLock()
        self.things: dict[str, Thing] = {}
        self.told_for: dict[str, Thing] = {}
        self.payments: dict[str, list[Thing]] = {}
        self.events: list[Thing] = []
        self.listeners: list[Callable[[Thing], None]] = []
        self.refunds_wait = False
        self._clock = clock

    def now(self) -> int:
        return int(self._clock())

    def get(self, id_: str, kind: str) -> Thing:
        """Raises Refusal."""
        found = self.things.get(id_)
        if found is None or found["object"] != kind:
            raise missing(kind, id_)
        return found

    def all(self, kind: str) -> list[Thing]:
        """The newest first."""
        return [thing for thing in reversed(self.things.values()) if thing["object"] == kind]

    def open_session(self, params: Thing, public_url: str) -> Thing:
        made = shapes.session(params, self.now(), public_url)
        self.told_for[made["id"]] = params.get("payment_intent_data", {}).get("metadata", {})
        self.payments[made["id"]] = []
        return self._keep(made)

    def expire_due(self) -> None:
        with self.turn:
            for session in self.all("checkout.session"):
                if session["status"] == "open" and session["expires_at"] <= self.now():
                    self.expire(session["id"])

    def expire(self, session_id: str) -> None:
        session = self._open(session_id)
        session.update(status="expired", url=None)
        self._tell("checkout.session.expired", session)

    def pay(self, session_id: str, amount: int | None = None, currency: str | None = None) -> None:
        """amount, currency: what is captured, where that is not what was asked for."""
        session = self._open(session_id)
        intent = self._intent_of(session)
        intent.update(amount=amount or intent["amount"], currency=currency or intent["currency"])
        self._succeed(intent, "card")
        session.update(status="complete", payment_status="paid", url=None)
        self._tell("checkout.session.completed", session)

    def decline(self, session_id: str) -> None:
        """The session stays open."""
        self._fail(self._intent_of(self._open(session_id)), DECLINED)

    def pay_async(self, session_id: str) -> None:
        session = self._open(session_id)
        intent = self._intent_of(session)
        intent.update(status="processing", last_payment_error=None)
        self._tell("payment_intent.processing", intent)
        session.update(status="complete", url=None)
        self._tell("checkout.session.completed", session)

    def settle_async(self, session_id: str, ok: bool) -> None:
        session = self.get(session_id, "checkout.session")
        intent = self.things.get(session["payment_intent"] or "", {})
        if intent.get("status") != "processing":
            raise Refusal(400, "Nothing is on its way for this session.")
        if ok:
            self._succeed(intent, "fpx")
            session["payment_status"] = "paid"
        else:
            self._fail(intent, BANK_SAID_NO)
        self._tell(f"checkout.session.async_payment_{'succeeded' if ok else 'failed'}", session)

    def pay_late(self, session_id: str) -> None:
        """The session has ended, or ends now; the payment that was begun before succeeds all the same."""
        session = self.get(session_id, "checkout.session")
        intent = self._intent_of(session)
        if session["status"] == "open":
            self.expire(session_id)
        if session["status"] != "expired" or intent["status"] == "succeeded":
            raise Refusal(400, "This session is paid already.")
        self._succeed(intent, "card")

    def pay_again(self, session_id: str) -> Thing:
        """A second payment for the same top-up, which the session does not know; the new payment intent."""
        intent = self._new_intent(self.get(session_id, "checkout.session"))
        self._succeed(intent, "card")
        return intent

    def pay_elsewhere(self, amount: int, currency: str) -> Thing:
        """A payment that has nothing to do with the shop's sessions; its payment intent."""
        intent = self._keep(shapes.intent(amount, currency, {}, self.now()))
        self._succeed(intent, "card")
        return intent

    def refund(self, payment_ref: str, amount: int | None, metadata: Thing) -> Thing:
        """amount: None is all that is left. Raises Refusal."""
        charge = self._charge_of(payment_ref)
        left = charge["amount_captured"] - charge["amount_refunded"]
        if charge["disputed"]:
            raise Refusal(400, f"Charge {charge['id']} has been charged back; cannot refund.", code="charge_disputed")
        if left <= 0:
            why = f"Charge {charge['id']} has already been refunded."
            raise Refusal(400, why, code="charge_already_refunded")
        wanted = left if amount is None else amount
        if not 0 < wanted <= left:
            raise Refusal(400, f"Refund amount ({wanted}) is not within the unrefunded {left}.", param="amount")
        made = shapes.refund(charge, wanted, metadata, self.now(), "pending" if self.refunds_wait else "succeeded")
        self._keep(made)
        self._count_refunds(charge)
        self._tell("refund.created", made)
        self._tell("charge.refunded", charge)
        return made

    def settle_refund(self, refund_id: str, ok: bool) -> None:
        refund = self.get(refund_id, "refund")
        refund.update(status="succeeded" if ok else "failed", pending_reason=None)
        if not ok:
            refund["failure_reason"] = "lost_or_stolen_card"
        self._count_refunds(self.things[refund["charge"]])
        self._tell("refund.updated", refund)
        if not ok:
            self._tell("refund.failed", refund)

    def dispute(self, payment_ref: str, amount: int | None, status: str) -> Thing:
        """amount: None is all of it. status: needs_response, or warning_needs_response for an inquiry."""
        charge = self._charge_of(payment_ref)
        made = shapes.dispute(charge, amount or charge["amount"], self.now(), status)
        self._keep(made)
        charge["disputed"] = True
        self._tell("charge.dispute.created", made)
        if not status.startswith("warning_"):
            self._move(made, -made["amount"], "withdrawn")
        return made

    def change_dispute(self, dispute_id: str, status: str) -> None:
        """To any published status; what is over is closed, and what is won gives the money back."""
        dispute = self.get(dispute_id, "dispute")
        dispute["status"] = status
        is_over = status in ("won", "lost", "warning_closed", "prevented")
        self._tell(f"charge.dispute.{'closed' if is_over else 'updated'}", dispute)
        if status == "won":
            self._move(dispute, dispute["amount"], "reinstated")

    def _move(self, dispute: Thing, amount: int, what: str) -> None:
        dispute["balance_transactions"].append(shapes.movement(dispute, amount, self.now()))
        self._tell(f"charge.dispute.funds_{what}", dispute)

    def _open(self, session_id: str) -> Thing:
        session = self.get(session_id, "checkout.session")
        if session["status"] != "open":
            why = f"This Session is {session['status']}: only Sessions that are open can go on."
            raise Refusal(400, why)
        return session

    def _intent_of(self, session: Thing) -> Thing:
        """Made when the customer begins to pay."""
        if session["payment_intent"] is None:
            session["payment_intent"] = self._new_intent(session)["id"]
        return self.things[session["payment_intent"]]

    def _new_intent(self, session: Thing) -> Thing:
        told = self.told_for[session["id"]]
        made = self._keep(shapes.intent(session["amount_total"], session["currency"], told, self.now()))
        self.payments[session["id"]].append(made)
        self._tell("payment_intent.created", made)
        return made

    def _succeed(self, intent: Thing, method: str) -> None:
        charge = self._keep(shapes.charge(intent, self.now(), method))
        intent.update(
            status="succeeded",
            amount_received=intent["amount"],
            latest_charge=charge["id"],
            payment_method=charge["payment_method"],
            last_payment_error=None,
        )
        self._tell("charge.succeeded", charge)
        self._tell("payment_intent.succeeded", intent)

    def _fail(self, intent: Thing, error: Thing) -> None:
        intent.update(status="requires_payment_method", last_payment_error=dict(error))
        self._tell("payment_intent.payment_failed", intent)

    def _charge_of(self, payment_ref: str) -> Thing:
        intent = self.get(payment_ref, "payment_intent")
        if intent["status"] != "succeeded":
            raise Refusal(400, f"This PaymentIntent ({payment_ref}) does not have a successful charge to refund.")
        return self.things[intent["latest_charge"]]

    def _count_refunds(self, charge: Thing) -> None:
        given = [one for one in self.all("refund") if one["charge"] == charge["id"] and one["status"] != "failed"]
        charge["amount_refunded"] = sum(one["amount"] for one in given)
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]

    def _keep(self, thing: Thing) -> Thing:
        self.things[thing["id"]] = thing
        return thing

    def _tell(self, kind: str, about: Thing) -> None:
        event = shapes.event(kind, copy.deepcopy(about), self.now())
        self.events.append(event)
        for listener in self.listeners:
            listener(event)
