"""Bank transfers: the customer says that one is under way, people who see it on the account approve it."""

from decimal import Decimal

import structlog
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.topups.errors import NotPossible
from accounts.topups.gateways.base import Paid
from accounts.topups.models import UNPAID, Approval, Method, Slip, TopUp, TopUpState, TopUpTerms
from accounts.topups.services.crediting import lock_top_up, plain, show_paid, take, worth
from jiema.money import dollars

log = structlog.get_logger(__name__)


@transaction.atomic
def mark_sent(top_up_id: str, slip: tuple[str, bytes] | None) -> None:
    """slip: content type and body. Said again it replaces the slip."""
    top_up = _lock(top_up_id)
    if top_up.state not in UNPAID:
        return
    top_up.state, top_up.sent_at, top_up.why = TopUpState.PENDING, Now(), ""
    top_up.save(update_fields=["state", "sent_at", "why"])
    if slip:
        shown = {"content_type": slip[0], "body": slip[1]}
        Slip.objects.update_or_create(top_up=top_up, defaults=shown)


@transaction.atomic
def approve(top_up_id: str, amount: Decimal, actor: str) -> bool:
    """One member of staff has seen so much of it arrive, in the top-up's currency. True where it is credited now.

    actor: the id of the account. Over the limit two have to have seen the same amount. Raises NotPossible.
    """
    top_up = _lock(top_up_id)
    if top_up.state not in (*UNPAID, TopUpState.PAID):
        raise NotPossible("This transfer is credited already.")
    if actor == top_up.user_id:
        raise NotPossible("Nobody approves a transfer of their own.")
    Approval.objects.update_or_create(top_up=top_up, actor=actor, defaults={"amount": amount, "at": Now()})
    log.info("transfer_approved", top_up_id=top_up.pk, actor=actor, amount=str(amount))
    paid = Paid(ref=top_up.gateway_ref, amount=amount, currency=top_up.currency, at=timezone.now())
    if Approval.objects.filter(top_up=top_up, amount=amount).count() < _people(worth(top_up, paid)):
        show_paid(top_up, paid)
        return False
    if not take(top_up, paid):
        raise NotPossible(f"{plain(amount)} {top_up.currency} is less than a cent.")
    return True


def _people(cents: int) -> int:
    return 2 if cents > TopUpTerms.now().second_person_cents else 1


@transaction.atomic
def refuse(top_up_id: str, actor: str, reason: str) -> None:
    """The transfer did not come, or is not accepted; the customer is shown the reason. Raises NotPossible."""
    top_up = _lock(top_up_id)
    if top_up.state not in (*UNPAID, TopUpState.PAID):
        raise NotPossible(f"{dollars(top_up.credited_cents)} are credited: pay them back instead.")
    log.info("transfer_refused", top_up_id=top_up.pk, actor=actor, reason=reason)
    Approval.objects.filter(top_up=top_up).delete()
    top_up.state, top_up.why = TopUpState.FAILED, reason[:200]
    top_up.payment_ref = top_up.captured = top_up.paid_at = None
    top_up.captured_currency = ""
    top_up.save(update_fields=["state", "why", "payment_ref", "captured", "captured_currency", "paid_at"])


def _lock(top_up_id: str) -> TopUp:
    top_up = lock_top_up(top_up_id)
    if top_up.gateway != Method.BANK:
        raise NotPossible("This is not a bank transfer.")
    return top_up
