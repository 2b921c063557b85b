"""Paying in: every way to pay, every state of a payment, the receipt."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.topups.gateways.base import Dispute, Reading, Refunded, RefundStage, Stage
from accounts.topups.models import Method, PaymentMethod, TopUp
from accounts.topups.services.crediting import apply_reading
from tests.paying import pay, wish
from tests.web.gallery.scene import Scene, plain, shown

plain("top-up", "/account/top-up")


def _page(top_up: TopUp) -> str:
    """Its gateway is not asked, who knows nothing of it."""
    TopUp.objects.filter(pk=top_up.pk).update(read_at=timezone.now() + timedelta(hours=1))
    return f"/account/top-up/{top_up.pk}"


def _paid(scene: Scene, **facts: Any) -> TopUp:
    """Credited, and then told of again with these facts."""
    found = wish(scene.alice, 1234)
    pay(found)
    return pay(found, **facts) if facts else found


def _read(scene: Scene, **facts: Any) -> TopUp:
    found = wish(scene.alice, 1234)
    apply_reading(found.pk, Reading(**facts))
    return found


@shown("top-up-closed", "top_up")
def _top_up_closed(scene: Scene) -> str:
    PaymentMethod.objects.all().delete()
    return "/account/top-up"


@shown("top-up-missing", "top_up")
def _top_up_missing(scene: Scene) -> str:
    """Sent here for want of money, with payments of before and a debt."""
    lost = _paid(scene, dispute=Dispute.LOST, disputed=Decimal("12.34"))
    assert lost.dispute == Dispute.LOST
    return "/account/top-up?amount=0.19&next=/buy/telegram"


@shown("payment-card", "payment")
def _payment_card(scene: Scene) -> str:
    return _page(scene.wish(Method.SANDBOX))


@shown("payment-usdt", "payment")
def _payment_usdt(scene: Scene) -> str:
    return _page(scene.wish(Method.TRON))


@shown("payment-bank", "payment")
def _payment_bank(scene: Scene) -> str:
    return _page(scene.wish(Method.BANK))


@shown("payment-bank-sent", "payment")
def _payment_bank_sent(scene: Scene) -> str:
    found = scene.wish(Method.BANK)
    scene.client.post(f"/account/top-up/{found.pk}/sent")
    return _page(found)


@shown("payment-not-begun", "payment")
def _payment_not_begun(scene: Scene) -> str:
    found = wish(scene.alice, 1234)
    TopUp.objects.filter(pk=found.pk).update(gateway_ref="")
    return _page(found)


@shown("payment-pending", "payment")
def _payment_pending(scene: Scene) -> str:
    return _page(_read(scene, stage=Stage.PENDING))


@shown("payment-confirming", "payment")
def _payment_confirming(scene: Scene) -> str:
    return _page(_read(scene, stage=Stage.PENDING, confirmations=7))


@shown("payment-paid", "payment")
def _payment_paid(scene: Scene) -> str:
    """In a currency that was not asked for: a person looks at it."""
    return _page(pay(wish(scene.alice, 1234), currency="EUR"))


@shown("payment-credited", "payment")
def _payment_credited(scene: Scene) -> str:
    return _page(_paid(scene))


@shown("payment-back-at-the-offer", "payment")
def _payment_back(scene: Scene) -> str:
    found = wish(scene.alice, 1234)
    TopUp.objects.filter(pk=found.pk).update(next_page="/buy/telegram")
    return _page(pay(found, amount=Decimal("5.00")))


@shown("payment-expired", "payment")
def _payment_expired(scene: Scene) -> str:
    return _page(_read(scene, stage=Stage.EXPIRED))


@shown("payment-failed", "payment")
def _payment_failed(scene: Scene) -> str:
    return _page(_read(scene, stage=Stage.FAILED, why="Your card was declined by its bank."))


def _refunded(scene: Scene) -> TopUp:
    refund = Refunded("re-1", "", Decimal("12.34"), RefundStage.DONE)
    return _paid(scene, refunds=(refund,))


@shown("payment-refunded", "payment")
def _payment_refunded(scene: Scene) -> str:
    return _page(_refunded(scene))


@shown("payment-disputed", "payment")
def _payment_disputed(scene: Scene) -> str:
    return _page(_paid(scene, dispute=Dispute.OPEN, disputed=Decimal("12.34")))


@shown("payment-lost", "payment")
def _payment_lost(scene: Scene) -> str:
    return _page(_paid(scene, dispute=Dispute.LOST, disputed=Decimal("12.34")))


@shown("receipt", "receipt")
def _receipt(scene: Scene) -> str:
    return f"{_page(_paid(scene))}/receipt"


@shown("receipt-refunded", "receipt")
def _receipt_refunded(scene: Scene) -> str:
    return f"{_page(_refunded(scene))}/receipt"
