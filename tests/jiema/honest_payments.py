"""What customers, their friends, gateways and ops honestly do with money in one day, looked at after every step."""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from accounts.models import User
from accounts.referrals.models import Earning
from accounts.topups.models import Finding, PaymentMethod, Payout, Review, TopUp
from accounts.topups.services import bank, payouts
from accounts.topups.services.confirming import confirm
from accounts.topups.services.reviews import settle_review
from accounts.topups.services.starting import open_payment, start_top_up
from accounts.vouchers import services as vouchers
from accounts.vouchers.models import Voucher, VoucherBatch
from accounts.wallet import services as wallet
from accounts.wallet.models import Wallet
from jiema.api.ids import new_id
from orders.services.desk import pay_back as pay_order_back
from tests.paying import pay, wish
from tests.topups.stories import STORIES, Story, Till

if TYPE_CHECKING:
    from tests.jiema.test_books_honest import Day

STORIES_A_DAY = 4


def started(user: User, method: str, cents: int) -> TopUp:
    PaymentMethod.objects.get_or_create(gateway=method)
    return open_payment(start_top_up(user.pk, method, cents))


def follow(day: "Day", top_up: TopUp) -> None:
    confirm(top_up)
    day.look()
    top_up.refresh_from_db()


def empty(user: User) -> None:
    """As if it were spent."""
    held = Wallet.objects.get(user=user).balance_cents
    if held:
        wallet.adjust(user.pk, -held, f"spent:{new_id()}", reason="spent elsewhere", actor="ops")


def by_card(day: "Day") -> None:
    for story in day.chance.sample(STORIES, STORIES_A_DAY):
        one_story(day, story)


def one_story(day: "Day", story: Story) -> None:
    top_up = started(day.carol, "stripe", 1000)
    till = Till(day.cards, top_up.gateway_ref)
    for step in story.steps:
        step(till)
        follow(day, top_up)
        if len(till.payments) > 1:
            day.compare()  # the session does not know the second
            day.look()
    credited = TopUp.objects.filter(gateway_ref=top_up.gateway_ref, credited_cents__gt=0).order_by("pk")
    assert list(credited.values_list("credited_cents", flat=True)) == list(story.credits)


def paid_back_by_card(day: "Day") -> None:
    """One is done, one fails in the end, and one is told to a gateway that gives no answer at first."""
    empty(day.carol)
    day.cards.till.refunds_wait = False
    top_up = started(day.carol, "stripe", 1000)
    day.cards.pay(top_up.gateway_ref)
    follow(day, top_up)
    sent_back(day, top_up, "done")
    day.cards.hold_refunds()
    held = sent_back(day, top_up, "pending")
    day.cards.settle_refund(str(held.gateway_ref), ok=False)
    follow(day, top_up)
    day.cards.fail("POST refunds", "502", times=None)
    unclear = sent_back(day, top_up, "created")
    day.cards.faults.clear()
    assert payouts.send_waiting() == 1
    day.look()
    day.cards.settle_refund(str(Payout.objects.get(pk=unclear.pk).gateway_ref), ok=True)
    follow(day, top_up)
    assert sorted(top_up.payouts.values_list("state", flat=True)) == ["done", "done", "failed"]


def sent_back(day: "Day", top_up: TopUp, state: str) -> Payout:
    payout = payouts.pay_back(top_up.pk, 200, "ops", "asked for it", new_id())
    assert payout.state == state
    day.look()
    return payout


def refunded_at_the_gateway(day: "Day") -> None:
    """By hand, and then more than the wallet still holds."""
    top_up = started(day.carol, "stripe", 1000)
    payment = day.cards.pay(top_up.gateway_ref)
    follow(day, top_up)
    day.cards.refund_by_hand(payment, 300)
    follow(day, top_up)
    empty(day.carol)
    day.cards.refund_by_hand(payment, 300)
    follow(day, top_up)
    assert (top_up.refunded_cents, Review.objects.filter(finding=Finding.REFUND, top_up=top_up).count()) == (300, 1)


def bank_transfers(day: "Day") -> None:
    """One that two people approve, one that is refused, and one that a person sends back."""
    large, none = started(day.carol, "bank", 60_000), started(day.carol, "bank", 2000)
    assert not bank.approve(large.pk, Decimal(600), "one@example.com")
    day.pass_time(60)
    assert TopUp.objects.get(pk=large.pk).state == "paid"
    assert bank.approve(large.pk, Decimal(600), "another@example.com")
    bank.mark_sent(none.pk, None)
    day.look()
    bank.refuse(none.pk, "one@example.com", "it never came")
    day.look()
    for settle in (payouts.sent_by_hand, payouts.give_up):
        settle(sent_back(day, large, "created").pk, "tx 77")
        day.look()
    empty(day.carol)


def a_payment_of_nobody(day: "Day") -> None:
    """Somebody used the account past the shop; ops look at it the same day."""
    day.cards.pay_elsewhere(700, "usd")
    day.compare()
    day.look()
    review = Review.objects.get(finding=Finding.UNKNOWN)
    assert settle_review(review.pk, "ops", "refunded there")


def late_second_and_odd(day: "Day") -> None:
    for facts in ({"amount": Decimal("7.77")}, {"ref": f"second-{new_id()}"}, {"currency": "EUR"}):
        top_up = wish(day.carol, 700)
        pay(top_up)
        day.look()
        pay(top_up, **{"ref": f"odd-{new_id()}", **facts})
        day.look()


def vouchers_given(day: "Day") -> None:
    batch = VoucherBatch(name=f"batch {new_id()}", size=4, value_cents=500, per_account=2, made_by="ops")
    first, second, void, _ = vouchers.make_batch(batch)
    for code in (first, second, first):
        vouchers.redeem(day.carol.pk, code)
        day.look()
    vouchers.void_voucher(Voucher.objects.filter(batch=batch, last4=void[-4:]).latest("pk").pk, "leaked", "ops")
    vouchers.stop_batch(batch.pk, "enough", "ops")


def shares(day: "Day") -> None:
    """Carol's share of Alice's order is taken back from an empty wallet, and out of the next share."""
    order_id = completed(day)
    empty(day.carol)
    day.look()
    pay_order_back(order_id, "ops", "the code did not work")
    day.look()
    earning = Earning.objects.get(order_id=order_id)
    assert earning.owed_cents == earning.cents > 0
    completed(day)
    day.look()
    assert Earning.objects.get(order_id=order_id).owed_cents == 0


def completed(day: "Day") -> str:
    order_id = day.buy()
    day.shopper.deliver(order_id, f"code {order_id}")
    day.shopper.order(order_id)
    day.pass_time(1300)
    return order_id


PAYMENTS: list[Callable[["Day"], None]] = [
    by_card,
    paid_back_by_card,
    refunded_at_the_gateway,
    bank_transfers,
    a_payment_of_nobody,
    late_second_and_odd,
    vouchers_given,
    shares,
]
