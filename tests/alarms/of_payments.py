"""What goes wrong with money that comes in."""

from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from accounts.topups import methods
from accounts.topups.gateways.base import Gateway, Paid, Reading, Unreachable
from accounts.topups.models import Finding, Review, TopUp, WebhookEvent
from accounts.topups.services.confirming import follow_due
from accounts.topups.services.payouts import pay_back, sent_by_hand
from accounts.topups.services.reconciling import RECONCILED, reconcile
from accounts.topups.services.reviews import open_review
from jiema import watch
from jiema.alarms.models import Tick
from jiema.alarms.services import tick
from jiema.api.ids import new_id
from tests.alarms.scene import Scene, Story, fault
from tests.paying import pay, wish


class Silent(Gateway):
    is_down = True

    def read(self, ref: str) -> Reading:
        raise Unreachable("timeout")

    def paid_since(self, moment: object) -> list[Paid]:
        if self.is_down:
            raise Unreachable("timeout")
        return []


@fault("gateway_down")
def no_answer(scene: Scene) -> Story:
    silent = Silent()
    scene.patches.setattr(methods, "configured", lambda: ["sandbox"])
    scene.patches.setattr(methods, "gateway", lambda code: silent)
    top_up = wish(scene.shopper.user, 500)
    TopUp.objects.filter(pk=top_up.pk).update(next_read_at=Now() - timedelta(minutes=1))
    follow_due()
    yield "sandbox"
    reconcile()
    yield 2
    silent.is_down = False
    reconcile()


@fault("payment_review")
def unknown_payment(scene: Scene) -> Story:
    open_review(Finding.UNKNOWN, "stripe", "pi_stranger", "20 USD")
    watch.look_around()
    yield "unknown"
    watch.look_around()
    yield 1
    Review.objects.update(settled_at=timezone.now())
    watch.look_around()


@fault("transfers_waiting")
def transfer_sent(scene: Scene) -> Story:
    top_up = wish(scene.shopper.user, 500, "bank")
    TopUp.objects.filter(pk=top_up.pk).update(state="pending", sent_at=Now())
    watch.look_around()
    yield ""
    watch.look_around()
    yield 1
    TopUp.objects.filter(pk=top_up.pk).update(state="failed")
    watch.look_around()


@fault("payouts_waiting")
def to_be_sent_by_hand(scene: Scene) -> Story:
    top_up = pay(wish(scene.shopper.user, 500, "bank"))
    payout = pay_back(top_up.pk, 100, "ops", "asked for it", new_id())
    watch.look_around()
    yield ""
    watch.look_around()
    yield 1
    sent_by_hand(payout.pk, "transfer 7")
    watch.look_around()


@fault("webhooks_waiting")
def not_handled(scene: Scene) -> Story:
    WebhookEvent.objects.create(gateway="stripe", event_id="evt_1", received_at=Now() - timedelta(minutes=6))
    watch.look_around()
    yield "stripe"
    watch.look_around()
    yield 1
    WebhookEvent.objects.update(handled_at=Now())
    watch.look_around()


@fault("payments_not_compared")
def no_comparison(scene: Scene) -> Story:
    Tick.objects.create(name=RECONCILED, at=Now() - timedelta(minutes=61))
    watch.look_around()
    yield ""
    watch.look_around()
    yield 1
    tick(RECONCILED)
    watch.look_around()
