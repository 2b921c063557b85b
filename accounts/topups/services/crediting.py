"""What a gateway says about a payment becomes money on the balance, once; and what it takes back leaves it.

Every fact only grows: a payment is captured, a refund settled, a dispute lost. So an older reading that is applied
after a newer one changes nothing, and the order in which webhooks arrive does not matter.
"""

from datetime import timedelta
from decimal import ROUND_UP, Decimal

from django.db import transaction
from django.db.models.functions import Now

from accounts.topups.gateways.base import Dispute, Paid, Reading, Refunded, RefundStage, Stage
from accounts.topups.models import OPEN, UNPAID, Finding, Payout, PayoutState, TopUp, TopUpState
from accounts.topups.services.reviews import is_settled, open_review, settle_finding
from accounts.topups.services.timing import next_read
from accounts.wallet import services as wallet
from accounts.wallet.errors import Insufficient
from jiema.failpoints import failpoint
from jiema.money import dollars

AT_THE_GATEWAY = "the gateway"
CLOCKS_DIFFER = timedelta(minutes=10)


@transaction.atomic
def apply_reading(top_up_id: str, reading: Reading) -> TopUp:
    """All that the gateway told of a wish. Returns the wish as it is afterwards."""
    wish = TopUp.objects.select_for_update().get(pk=top_up_id)
    for paid in reading.paid:
        _apply_payment(wish, paid)
    if wish.state in UNPAID:
        _follow_stage(wish, reading)
    wish.read_at, wish.next_read_at = Now(), next_read(wish)
    wish.save(update_fields=["read_at", "next_read_at"])
    wish.refresh_from_db()
    return wish


@transaction.atomic
def apply_payment(top_up_id: str, paid: Paid) -> None:
    """One payment of a wish."""
    _apply_payment(TopUp.objects.select_for_update().get(pk=top_up_id), paid)


def _follow_stage(wish: TopUp, reading: Reading) -> None:
    if wish.sent_at and reading.stage == Stage.OPEN:
        return  # a person looks for this transfer
    wish.confirmations = reading.confirmations
    state = {
        Stage.OPEN: TopUpState.EXPIRED if _is_over(wish) else TopUpState.CREATED,
        Stage.PENDING: TopUpState.PENDING,
        Stage.EXPIRED: TopUpState.EXPIRED,
        Stage.FAILED: TopUpState.FAILED,
    }[reading.stage]
    if state in OPEN and wish.state not in OPEN and reading.stage == Stage.OPEN:
        state = TopUpState(wish.state)  # once over, only a payment that is under way opens it again
    wish.state, wish.why = state, reading.why[:200]
    wish.save(update_fields=["state", "why", "confirmations"])


def _is_over(wish: TopUp) -> bool:
    return TopUp.objects.filter(pk=wish.pk, expires_at__lt=Now()).exists()


def lock_top_up(top_up_id: str) -> TopUp:
    """A top-up to change: its wish is locked, which all payments of the wish share."""
    wish_id = TopUp.objects.values_list("again_for_id", flat=True).get(pk=top_up_id) or top_up_id
    TopUp.objects.select_for_update().get(pk=wish_id)
    return TopUp.objects.get(pk=top_up_id)


def _apply_payment(wish: TopUp, paid: Paid) -> None:
    """wish: locked, so that no second payment of it is applied meanwhile."""
    if paid.at < wish.created_at - CLOCKS_DIFFER:
        # To an address that was somebody's before: of a wallet that was in use, or after a backup was restored.
        told = f"{plain(paid.amount)} {paid.currency} at {paid.at}, before it was asked for"
        open_review(Finding.UNKNOWN, wish.gateway, f"{paid.ref} for {wish.pk}", told, wish)
        return
    top_up = _top_up_of(wish, paid)
    if top_up is None:
        told = f"{plain(paid.amount)} {paid.currency}: it has the name of another top-up's payment"
        open_review(Finding.UNKNOWN, wish.gateway, f"{paid.ref} for {wish.pk}", told, wish)
        return
    if top_up.state in UNPAID and not take(top_up, paid):
        return
    for refund in paid.refunds:
        _follow_refund(top_up, refund)
    _follow_dispute(top_up, paid)


def _top_up_of(wish: TopUp, paid: Paid) -> TopUp | None:
    """The wish itself for its first payment; a new top-up for every further one. None where it is another wish's."""
    if wish.payment_ref == paid.ref:
        return wish
    known = TopUp.objects.filter(gateway=wish.gateway, payment_ref=paid.ref).first()
    if known:
        return known if known.again_for_id == wish.pk else None
    if wish.payment_ref is None:
        return wish
    return TopUp(
        user_id=wish.user_id,
        again_for=wish,
        gateway=wish.gateway,
        amount_cents=wish.amount_cents,
        fee_cents=wish.fee_cents,
        currency=wish.currency,
        asked=wish.asked,
        gateway_ref=wish.gateway_ref,
        expires_at=wish.expires_at,
    )


def worth(top_up: TopUp, paid: Paid) -> int:
    """US cents that this payment brings: its share of what was asked, so that fee and rate are those of the start.

    Rounded down; nothing for another currency.
    """
    if paid.currency != top_up.currency:
        return 0
    return int(paid.amount * top_up.amount_cents / top_up.asked)


def take(top_up: TopUp, paid: Paid) -> bool:
    """Credit a captured payment to a locked top-up; False where it is worth nothing here, which is for a person."""
    told = f"asked {plain(top_up.asked)} {top_up.currency}, paid {plain(paid.amount)} {paid.currency}"
    cents = worth(top_up, paid)
    if not cents:
        finding = Finding.DUST if paid.currency == top_up.currency else Finding.CURRENCY
        open_review(finding, top_up.gateway, paid.ref, told, top_up.again_for or top_up)
        return False
    show_paid(top_up, paid)
    wallet.top_up(top_up.user_id, cents, top_up.gateway, top_up.pk)
    failpoint("topup.credited")
    top_up.state, top_up.credited_cents, top_up.credited_at = TopUpState.CREDITED, cents, Now()
    top_up.save(update_fields=["state", "credited_cents", "credited_at"])
    if top_up.again_for_id:
        open_review(Finding.AGAIN, top_up.gateway, paid.ref, told, top_up)
    elif paid.amount != top_up.asked:
        open_review(Finding.AMOUNT, top_up.gateway, paid.ref, f"{told}, credited {dollars(cents)}", top_up)
    return True


def show_paid(top_up: TopUp, paid: Paid) -> None:
    """The payment stands on its top-up, not credited yet."""
    top_up.state = TopUpState.PAID
    top_up.payment_ref, top_up.captured, top_up.captured_currency = paid.ref, paid.amount, paid.currency
    top_up.paid_at, top_up.why, top_up.confirmations = paid.at, "", None
    top_up.save()
    failpoint("topup.paid")


def plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _follow_dispute(top_up: TopUp, paid: Paid) -> None:
    before, now = Dispute(top_up.dispute), paid.dispute
    if before == now == Dispute.LOST:
        _lose(top_up, paid)
        return
    is_news = now not in (before, Dispute.NONE) and (now != Dispute.OPEN or before == Dispute.NONE)
    if not top_up.credited_cents or not is_news:
        return
    if before == Dispute.LOST:
        open_review(Finding.REINSTATED, top_up.gateway, paid.ref, "won after it was lost", top_up)
        return
    top_up.dispute = now
    top_up.save(update_fields=["dispute"])
    if now == Dispute.OPEN:
        open_review(Finding.DISPUTE, top_up.gateway, paid.ref, f"over {dollars(_disputed(top_up, paid))}", top_up)
    else:
        settle_finding(Finding.DISPUTE, top_up.gateway, paid.ref, now.value)
    if now == Dispute.LOST:
        _lose(top_up, paid)
    show_state(top_up)


def _disputed(top_up: TopUp, paid: Paid) -> int:
    """US cents of ours that a dispute is over, rounded up; what was paid back before is not ours to lose again."""
    share = paid.disputed * top_up.credited_cents / paid.amount
    cents = int(share.quantize(Decimal(1), ROUND_UP))
    return min(cents, top_up.credited_cents - top_up.refunded_cents)


def _lose(top_up: TopUp, paid: Paid) -> None:
    """It may grow: by another dispute that is lost, or a refund that failed after it."""
    cents = _disputed(top_up, paid)
    more = wallet.charge_back(top_up.user_id, cents, top_up.gateway, top_up.pk) if cents else 0
    if more or not cents:
        subject = paid.ref if more == cents else f"{paid.ref}:{cents}"
        open_review(Finding.LOST, top_up.gateway, subject, f"{dollars(more)} taken back", top_up)


def _follow_refund(top_up: TopUp, refund: Refunded) -> None:
    """top_up: locked by its wish."""
    payout = Payout.objects.filter(top_up=top_up, gateway_ref=refund.ref).first() or _payout_of(top_up, refund)
    if payout is None and refund.stage != RefundStage.FAILED and top_up.credited_cents:
        payout = _book_refund_by_hand(top_up, refund)
    if payout:
        settle_payout(top_up, payout, refund)


def _payout_of(top_up: TopUp, refund: Refunded) -> Payout | None:
    """Of ours, which learns its name at the gateway now. One that was called refused and made is another one."""
    ours = Payout.objects.filter(pk=refund.refund_id, top_up=top_up)
    return ours.exclude(state=PayoutState.FAILED, gateway_ref=None).first() if refund.refund_id else None


def _book_refund_by_hand(top_up: TopUp, refund: Refunded) -> Payout | None:
    """Somebody refunded it at the gateway: the wallet pays, if it can, and until a person has looked."""
    assert top_up.captured
    if is_settled(Finding.REFUND, top_up.gateway, refund.ref):
        return None
    share = refund.amount * top_up.credited_cents / top_up.captured
    cents = min(int(share.quantize(Decimal(1), ROUND_UP)), top_up.credited_cents - top_up.refunded_cents)
    if not cents:
        return None
    payout = Payout(
        top_up=top_up,
        amount_cents=cents,
        amount=refund.amount,
        gateway_ref=refund.ref,
        reason="Refunded at the gateway",
        actor=AT_THE_GATEWAY,
    )
    try:
        with transaction.atomic():
            wallet.pay_out(top_up.user_id, cents, top_up.gateway, top_up.pk, payout.pk)
    except Insufficient:
        open_review(Finding.REFUND, top_up.gateway, refund.ref, f"{dollars(cents)} for {top_up.pk}", top_up)
        return None
    payout.save()
    add_refunded(top_up, cents)
    settle_finding(Finding.REFUND, top_up.gateway, refund.ref, "the wallet has paid it")
    return payout


def add_refunded(top_up: TopUp, cents: int) -> None:
    top_up.refunded_cents += cents
    top_up.save(update_fields=["refunded_cents"])
    show_state(top_up)


def show_state(top_up: TopUp) -> None:
    """Which of the states after crediting it is."""
    if top_up.dispute in (Dispute.OPEN, Dispute.LOST):
        top_up.state = TopUpState.DISPUTED
    elif top_up.refunded_cents == top_up.credited_cents:
        top_up.state = TopUpState.REFUNDED
    else:
        top_up.state = TopUpState.CREDITED
    top_up.save(update_fields=["state"])


def settle_payout(top_up: TopUp, payout: Payout, refund: Refunded) -> None:
    """top_up: locked. A refund that failed, even after it was done, is on the balance again; that is its end."""
    state = PayoutState(refund.stage.value)
    if payout.state in (PayoutState.FAILED, state) or (payout.state, state) == (PayoutState.DONE, PayoutState.PENDING):
        return
    payout.state, payout.gateway_ref, payout.why = state, refund.ref or payout.gateway_ref, refund.why[:200]
    payout.settled_at = None if state == PayoutState.PENDING else Now()
    payout.save(update_fields=["state", "gateway_ref", "why", "settled_at"])
    failpoint("payout.settled")
    if state == PayoutState.FAILED:
        wallet.return_payout(top_up.user_id, top_up.pk, payout.pk)
        add_refunded(top_up, -payout.amount_cents)
        told = f"{dollars(payout.amount_cents)}: {refund.why}"
        open_review(Finding.PAYOUT, top_up.gateway, payout.pk, told, top_up)
