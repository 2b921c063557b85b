"""Money of a top-up back to where it came from: the wallet pays first, then the gateway is told."""

from decimal import ROUND_DOWN, Decimal

import structlog
from django.db import transaction
from django.db.models.functions import Now

from accounts.topups import methods
from accounts.topups.errors import NotPossible
from accounts.topups.gateways.base import (
    Dispute,
    NotSupported,
    Refunded,
    Refunding,
    RefundStage,
    Refused,
    Unreachable,
)
from accounts.topups.models import CREDITED, Payout, PayoutState, TopUp
from accounts.topups.services.crediting import add_refunded, lock_top_up, settle_payout
from accounts.topups.services.starting import smallest
from accounts.topups.services.timing import SECONDS_AT_MOST, next_read, within
from accounts.wallet import services as wallet
from accounts.wallet.errors import Insufficient
from jiema.failpoints import failpoint
from jiema.money import dollars

log = structlog.get_logger(__name__)


def refundable(top_up: TopUp) -> int:
    """US cents of it that are unspent, and may go back."""
    if top_up.state not in CREDITED or top_up.dispute in (Dispute.OPEN, Dispute.LOST):
        return 0
    return wallet.unspent(top_up.user_id, top_up.pk)


def pay_back(top_up_id: str, amount_cents: int, actor: str, reason: str, form: str) -> Payout:
    """amount_cents: at most what is unspent of this top-up. form: the same form again is the same pay-back.

    Raises NotPossible; then nothing has moved.
    """
    payout = _reserve(top_up_id, amount_cents, actor, reason, form)
    failpoint("payout.reserved")
    if payout.state == PayoutState.CREATED and not payout.by_hand:
        send(payout)
        payout.refresh_from_db()
    return payout


@transaction.atomic(durable=True)
def _reserve(top_up_id: str, cents: int, actor: str, reason: str, form: str) -> Payout:
    top_up = lock_top_up(top_up_id)
    first = Payout.objects.filter(pk=form).first()
    if first:
        if first.top_up_id != top_up.pk:
            raise NotPossible("This form was for another top-up.")
        return first
    wallet.hold(top_up.user_id)
    most = refundable(top_up)
    if not 0 < cents <= most:
        raise NotPossible(f"{dollars(most)} of this top-up are unspent: that is the most that can go back.")
    amount = _in_currency(top_up, cents)
    if not amount:
        raise NotPossible(f"{dollars(cents)} is less than the smallest unit of {top_up.captured_currency}.")
    payout = Payout.objects.create(
        pk=form, top_up=top_up, amount_cents=cents, amount=amount, reason=reason, actor=actor
    )
    try:
        wallet.pay_out(top_up.user_id, cents, top_up.gateway, top_up.pk, payout.pk)
    except Insufficient as error:
        raise NotPossible("The balance is too low for that.") from error
    add_refunded(top_up, cents)
    return payout


def _in_currency(top_up: TopUp, cents: int) -> Decimal:
    """What was paid for so many cents, without the fee, rounded down to what can be paid."""
    assert top_up.captured
    # Divided last: a third three times would be a cent less than the whole.
    share = top_up.captured * cents * top_up.amount_cents
    amount = share / (top_up.credited_cents * (top_up.amount_cents + top_up.fee_cents))
    return amount.quantize(smallest(top_up.captured_currency), ROUND_DOWN)


def send(payout: Payout) -> None:
    """Tell the gateway, again without harm: the pay-back's id is the idempotency key."""
    top_up = payout.top_up
    refunding = Refunding(payout.pk, top_up.payment_ref or "", payout.amount, top_up.captured_currency)
    try:
        refunded = methods.gateway(top_up.gateway).refund(refunding)
    except NotSupported:
        Payout.objects.filter(pk=payout.pk).update(by_hand=True)
        return
    except (Unreachable, KeyError) as error:
        log.warning("payout_unclear", payout_id=payout.pk, why=str(error))
        return
    except Refused as error:
        refunded = Refunded(ref="", refund_id=payout.pk, amount=payout.amount, stage=RefundStage.FAILED, why=error.why)
    failpoint("payout.sent")
    _settle(payout.pk, refunded)


@transaction.atomic
def _settle(payout_id: str, refunded: Refunded) -> None:
    top_up_id = Payout.objects.values_list("top_up_id", flat=True).get(pk=payout_id)
    _settle_locked(lock_top_up(top_up_id), Payout.objects.get(pk=payout_id), refunded)


def _settle_locked(top_up: TopUp, payout: Payout, refunded: Refunded) -> None:
    settle_payout(top_up, payout, refunded)
    if payout.state == PayoutState.PENDING:
        # Of an old top-up nobody asks any more; its pay-back may still fail.
        wish = top_up.again_for or top_up
        TopUp.objects.filter(pk=wish.pk, next_read_at=None).update(next_read_at=next_read(wish))


def send_waiting() -> int:
    """Those whose gateway gave no clear answer; how many were tried."""
    waiting = Payout.objects.filter(state=PayoutState.CREATED, by_hand=False, created_at__lt=Now())
    tried = 0
    for payout in within(SECONDS_AT_MOST, waiting.select_related("top_up").order_by("?")[:20]):
        send(payout)
        tried += 1
    return tried


def sent_by_hand(payout_id: str, reference: str) -> None:
    """A person has sent it. reference: the transfer's or transaction's name."""
    _settle_by_hand(payout_id, RefundStage.DONE, reference, "")


def give_up(payout_id: str, why: str) -> None:
    """It can't be sent: the money is on the balance again."""
    _settle_by_hand(payout_id, RefundStage.FAILED, "", why)


@transaction.atomic
def _settle_by_hand(payout_id: str, stage: RefundStage, ref: str, why: str) -> None:
    top_up = lock_top_up(Payout.objects.values_list("top_up_id", flat=True).get(pk=payout_id))
    payout = Payout.objects.get(pk=payout_id)
    if not payout.by_hand or payout.state != PayoutState.CREATED:
        raise NotPossible("Only what a person has to send is settled by a person, once.")
    _settle_locked(top_up, payout, Refunded(ref, payout_id, payout.amount, stage, why))
