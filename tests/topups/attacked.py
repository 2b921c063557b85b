"""What the attacks in tests/topups/attacks.py are made on."""

from typing import Any

from accounts.models import User
from accounts.referrals.models import Via
from accounts.referrals.services import invite
from accounts.topups.gateways.base import Refunded, RefundStage
from accounts.topups.models import ChainAddress, Finding, Review, TopUp
from accounts.topups.services.crediting import show_paid
from accounts.topups.services.payouts import pay_back
from accounts.topups.services.reviews import open_review, settle_review
from accounts.vouchers.models import Voucher, VoucherBatch
from accounts.vouchers.services import make_batch, redeem, void_voucher
from accounts.wallet.models import Entry
from jiema.api.ids import new_id
from tests.paying import paid, pay, pay_in, wish


def invitation(invitee_id: str, inviter_id: str) -> int:
    inviter = User.objects.get(pk=inviter_id)
    return invite(User.objects.get(pk=invitee_id), inviter.referral_code, Via.CODE).pk


def payments(gina: str) -> dict[str, Any]:
    """Of $10, of which $2 went back and $1 could not; one that nobody paid, and one that waits."""
    first = pay_in(gina, 1000)
    sent, failed = back(first, 200, RefundStage.DONE), back(first, 100, RefundStage.FAILED)
    waiting, unpaid = wish(gina, 600, "bank"), wish(gina, 500)
    show_paid(waiting, paid(waiting))
    ChainAddress.objects.create(top_up=unpaid)
    open_review(Finding.UNKNOWN, "sandbox", "pay-nobody", "5 USD")
    review = Review.objects.get(subject="pay-nobody").pk
    settle_review(review, "me", "seen")
    names = {"paid": first.pk, "sent": sent, "failed_back": failed}
    causes = {name: f"topup:{first.pk}:{names[name]}" for name in ("sent", "failed_back")} | {
        "paid": f"topup:{first.pk}"
    }
    entries = {
        f"entry_of_{name}": Entry.objects.get(kind__in=["top_up", "payout"], reference=cause).pk
        for name, cause in causes.items()
    }
    return {**names, **entries, "wish": unpaid.pk, "waiting_paid": waiting.pk, "review": review}


def back(top_up: TopUp, cents: int, end: RefundStage) -> str:
    payout = pay_back(top_up.pk, cents, "ops", "asked for it", new_id())
    pay(top_up, refunds=(Refunded(f"re_{payout.pk}", payout.pk, payout.amount, end),))
    return payout.pk


def vouchers(gina: str) -> dict[str, Any]:
    """Of one batch, worth $5 each: one that Gina redeemed, a free and a void one."""
    batch = VoucherBatch(name="spring", size=3, value_cents=500, made_by="tests")
    redeem(gina, make_batch(batch)[0])
    used, free, void = Voucher.objects.filter(batch=batch).order_by("pk").values_list("pk", flat=True)
    void_voucher(void, "leaked", "ops")
    return {"used": used, "free": free, "void": void}
