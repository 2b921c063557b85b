"""Payments at the card sandbox, and what the worker makes of them by itself."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from django.db import OperationalError
from django.db.models.functions import Now
from django.test import Client

from accounts.topups.models import Method, Payout, PayoutState, TopUp, TopUpState
from accounts.topups.sandbox.cards.shapes import Thing
from accounts.topups.services import bank, confirming, payouts, starting
from accounts.wallet.models import Entry, Kind
from jiema.api.ids import new_id
from tests import paying
from tests.failpoints.acts import Act, Flow
from tests.failpoints.world import World

CENTS = 1234
BACK = 400


def start(world: World) -> Act:
    """The customer asks again where to pay: it is one session."""
    wish = begun(world)

    def open_it() -> object:
        return starting.open_payment(TopUp.objects.get(pk=wish.pk)).gateway_ref

    def kept(told: object) -> None:
        sessions = [
            one["id"] for one in world.cards.till.all("checkout.session") if one["client_reference_id"] == wish.pk
        ]
        assert sessions == [TopUp.objects.get(pk=wish.pk).gateway_ref]

    return Act(open_it, open_it, kept=kept)


def reading(world: World) -> Act:
    """Nobody repeats it but the worker, when the wish is due."""
    wish, _ = paid(world)

    def read() -> object:
        return confirming.confirm(TopUp.objects.get(pk=wish.pk)).state

    return Act(read, kept=lambda told: is_credited(wish), credit=CENTS)


def webhook(world: World) -> Act:
    """It is told once, and the worker does not ask about the wish."""
    wish, event = paid(world)
    TopUp.objects.filter(pk=wish.pk).update(next_read_at=None)
    return Act(telling(world, event), kept=lambda told: is_credited(wish), credit=CENTS)


def webhook_again(world: World) -> Act:
    """The gateway tells it until it is thanked."""
    wish, event = paid(world)
    tell = telling(world, event)
    return Act(tell, tell, kept=lambda told: is_credited(wish), credit=CENTS)


def webhook_of_a_loss(world: World) -> Act:
    wish = credited(world)
    world.cards.dispute(wish.payment_ref or "")
    world.cards.close_dispute(wish.payment_ref or "", won=False)

    def kept(told: object) -> None:
        is_credited(wish, TopUpState.DISPUTED)
        assert entries(wish) == [(Kind.TOP_UP, CENTS), (Kind.CHARGEBACK, -CENTS)]

    return Act(telling(world, world.cards.events[-1]), kept=kept)


def pay_back(world: World) -> Act:
    """Ops send the same form again."""
    wish, form = credited(world), new_id()

    def give() -> object:
        return payouts.pay_back(wish.pk, BACK, "ops", "asked for it", form).pk

    def kept(told: object) -> None:
        assert Payout.objects.get(top_up=wish).state == PayoutState.DONE
        refunds = [one for one in world.cards.till.all("refund") if one["payment_intent"] == wish.payment_ref]
        assert [(one["amount"], one["metadata"]) for one in refunds] == [(BACK, {"refund_id": form})]
        assert entries(wish) == [(Kind.TOP_UP, CENTS), (Kind.PAYOUT, -BACK)]

    return Act(give, give, kept=kept, credit=CENTS - BACK)


def pay_back_fails(world: World) -> Act:
    """The customer's bank sends it back days later."""
    wish = credited(world)
    world.cards.hold_refunds()
    refund = payouts.pay_back(wish.pk, BACK, "ops", "asked for it", new_id()).gateway_ref
    world.cards.till.refunds_wait = False
    world.cards.settle_refund(refund or "", ok=False)
    TopUp.objects.filter(pk=wish.pk).update(next_read_at=Now())

    def read() -> object:
        return confirming.confirm(TopUp.objects.get(pk=wish.pk)).state

    def kept(told: object) -> None:
        assert Payout.objects.get(top_up=wish).state == PayoutState.FAILED
        assert entries(wish) == [(Kind.TOP_UP, CENTS), (Kind.PAYOUT, -BACK), (Kind.PAYOUT_RETURN, BACK)]

    return Act(read, kept=kept, credit=CENTS)


def approval(world: World) -> Act:
    """Of a bank transfer; who approves it looks again."""
    wish = paying.wish(world.alice, CENTS, Method.BANK)
    bank.mark_sent(wish.pk, None)

    def approve() -> object:
        return bank.approve(wish.pk, Decimal(CENTS) / 100, "ops")

    refusals = frozenset({"NOT_POSSIBLE"})
    return Act(approve, approve, refusals, kept=lambda told: is_credited(wish), credit=CENTS)


def begun(world: World) -> TopUp:
    """A wish of which the gateway knows nothing."""
    wish = paying.wish(world.alice, CENTS)
    hour = wish.created_at + timedelta(hours=1)
    TopUp.objects.filter(pk=wish.pk).update(gateway_ref="", expires_at=hour, next_read_at=hour)
    return TopUp.objects.get(pk=wish.pk)


def paid(world: World) -> tuple[TopUp, Thing]:
    """The worker is due to ask about it. And the event that tells of it."""
    wish = starting.open_payment(begun(world))
    world.cards.pay(wish.gateway_ref)
    TopUp.objects.filter(pk=wish.pk).update(next_read_at=Now())
    return wish, world.cards.events[-1]


def credited(world: World) -> TopUp:
    return confirming.confirm(paid(world)[0])


def telling(world: World, event: Thing) -> Callable[[], object]:
    """The gateway's webhook at our door."""

    def tell() -> object:
        body, headers = world.cards.signed(event)
        signature = {"stripe-signature": headers["stripe-signature"]}
        answer = Client().post("/webhooks/sandbox", body, content_type="application/json", headers=signature)
        if answer.status_code == 503:
            raise OperationalError
        assert answer.status_code == 200
        return "thanks"

    return tell


def is_credited(wish: TopUp, state: TopUpState = TopUpState.CREDITED) -> None:
    top_up = TopUp.objects.get(pk=wish.pk)
    assert (top_up.state, top_up.credited_cents) == (state, CENTS)
    assert entries(wish)[0] == (Kind.TOP_UP, CENTS)


def entries(wish: TopUp) -> list[tuple[str, int]]:
    cause = f"topup:{wish.pk}"
    found = Entry.objects.filter(reference__startswith=cause).order_by("pk")
    return list(found.values_list("kind", "amount_cents"))


FLOWS: tuple[Flow, ...] = (
    start,
    reading,
    webhook,
    webhook_again,
    webhook_of_a_loss,
    pay_back,
    pay_back_fails,
    approval,
)
