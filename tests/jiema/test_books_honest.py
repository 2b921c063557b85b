"""No false alarm: days of honest trade, with all that can happen in one, looked at every few minutes.

BOOKS_DAYS: how many days, each in an order of its own; the long form takes more.
"""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from django.apps import apps
from django.db import transaction
from django.db.models import DateTimeField, F
from django.db.models.functions import Now
from pytest_django import Settings

from accounts.models import User
from accounts.referrals.models import Via
from accounts.referrals.services import invite
from accounts.topups.gateways.base import Dispute, Reading, Refunded, RefundStage, Stage
from accounts.topups.models import Review, TopUp, TopUpState
from accounts.topups.sandbox.cards import CardSandbox
from accounts.topups.services.confirming import follow_due
from accounts.topups.services.crediting import apply_reading
from accounts.topups.services.payouts import send_waiting
from accounts.topups.services.reconciling import reconcile
from accounts.wallet import services as wallet
from accounts.wallet.models import Wallet
from accounts.wallet.services import open_debts
from catalog.models import BalanceReading, PriceRule, Provider
from catalog.services.pricing import catalogue_change, set_markup
from catalog.services.providers import set_provider, upstream_for
from catalog.services.syncing import sync_catalogue
from catalog.upstream.adapter import SmsActivate
from catalog.upstream.sandbox.engine.shop import Wish
from catalog.upstream.types import Activation
from jiema import watch
from orders.models import Cause, Order, Outcome, StrayActivation, UpstreamAttempt, UpstreamLoss
from orders.services.cancelling import give_back_due
from orders.services.reconciling import sweep
from orders.services.syncing import end_due_orders
from tests.conftest import WISH, Shopper, data, unguard
from tests.jiema.honest_payments import PAYMENTS
from tests.jiema.planting import BALANCE, found, paid, planted
from tests.paying import pay, pay_in, wish
from tests.torture import figures

DATED_APPS = {"orders", "wallet", "topups", "referrals", "vouchers", "alarms", "catalog"}
DAYS = int(os.environ.get("BOOKS_DAYS", "2"))
STEP, GRACE, LIFE, MONEY_IS_BACK = 200, 130, 1300, 1900
# The provider's currency, its worth in dollars, and what a number costs in it.
CURRENCIES = [("USD", "1", "0.30"), ("RUB", "0.01234567", "24.3"), ("EUR", "1.0837", "0.27")]


@dataclass
class Day:
    """cards: where card payments are made. moments: how often the books were looked at."""

    shopper: Shopper
    carol: User
    provider: Provider
    cards: CardSandbox
    chance: random.Random
    moments: int = 0

    def pass_time(self, seconds: int) -> None:
        """A step at a time, and each time the shop does what it does by itself."""
        for begun in range(0, seconds, STEP):
            self.shift(min(STEP, seconds - begun))
            self.look()
        self.compare()

    def compare(self) -> None:
        """What the gateways say of payments, which takes longer."""
        follow_due()
        reconcile()

    def work(self) -> None:
        sweep(self.provider)
        end_due_orders()
        give_back_due()
        send_waiting()
        watch.look_around()
        watch.read_balances()

    def look(self) -> None:
        self.work()
        assert found() == set()
        self.moments += 1

    @transaction.atomic
    def shift(self, seconds: int) -> None:
        """At the provider by its clock; with us by moving what the rows say into the past."""
        self.shopper.sandbox.advance(seconds)
        unguard()
        for model in apps.get_models():
            times = [field.name for field in model._meta.fields if isinstance(field, DateTimeField)]
            if model._meta.app_label in DATED_APPS and times:
                model._default_manager.update(**{name: F(name) - timedelta(seconds=seconds) for name in times})

    def state(self, order_id: str) -> tuple[str, str, bool]:
        """Status, what became of the purchase, and whether the provider gave the money back."""
        order = Order.objects.select_related("attempt").get(pk=order_id)
        return order.status, order.attempt.outcome, order.returned_at is not None

    def buy(self) -> str:
        order_id: str = self.shopper.buy()["id"]
        return order_id

    def cancel(self, order_id: str) -> None:
        data(self.shopper.api.post(f"/orders/{order_id}/cancel"))

    def refused(self, fault: str) -> str:
        """The id of an order whose purchase did not go well."""
        self.shopper.sandbox.fail("getNumberV2", fault)
        order_id: str = self.shopper.api.post("/orders", WISH).json()["orderId"]
        return order_id


@pytest.fixture
def day(
    request: pytest.FixtureRequest, shopper: Shopper, carol: User, provider: Provider, settings: Settings
) -> Iterator[Day]:
    """Carol invited Alice."""
    settings.SANDBOX_GATEWAY = True
    invite(shopper.user, carol.referral_code, Via.CODE)
    number = getattr(request, "param", 0)
    currency, rate, cost = CURRENCIES[number % len(CURRENCIES)]
    provider, _ = set_provider("sandbox", {"currency": currency, "usd_rate": Decimal(rate)})
    shopper.sandbox.shop.stock(7, "tg", Decimal(cost), 1000)
    sync_catalogue(provider, believe=True)
    with CardSandbox() as cards:
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRETS = "sk_test_books", cards.secrets
        settings.STRIPE_API_URL = cards.url
        yield Day(shopper, carol, provider, cards, random.Random(number))


def a_code_and_another(day: Day) -> None:
    order_id = day.buy()
    day.shopper.deliver(order_id, "code 1111")
    day.shopper.order(order_id)
    data(day.shopper.api.post(f"/orders/{order_id}/next-sms"))
    day.shopper.deliver(order_id, "code 2222")
    day.pass_time(LIFE)
    assert day.state(order_id) == ("COMPLETED", "bought", False)


def no_code(day: Day) -> None:
    order_id = day.buy()
    day.pass_time(LIFE)
    assert day.state(order_id) == ("FAILED", "bought", True)


def cancelled_too_early_for_the_provider(day: Day) -> None:
    order_id = day.buy()
    day.cancel(order_id)
    day.look()
    assert day.state(order_id) == ("CANCELLED", "bought", False)
    day.pass_time(GRACE)
    assert day.state(order_id) == ("CANCELLED", "bought", True)


def cancelled_at_once(day: Day) -> None:
    order_id = day.buy()
    day.pass_time(GRACE)
    day.cancel(order_id)
    assert day.state(order_id) == ("CANCELLED", "bought", True)


def a_code_after_the_refund(day: Day) -> None:
    order_id = day.buy()
    day.cancel(order_id)
    day.shopper.deliver(order_id, "code 3333")
    day.pass_time(GRACE)
    assert UpstreamLoss.objects.get(order=order_id).cause == Cause.LATE_SMS


def refused_by_the_provider(day: Day) -> None:
    assert day.state(day.refused("refuse")) == ("FAILED", "rejected", False)


def sold_without_an_answer(day: Day) -> None:
    order_id = day.refused("sold_then_close")
    day.pass_time(60)
    assert day.state(order_id) == ("WAITING", "bought", False)
    assert StrayActivation.objects.filter(settlement=f"adopted by order {order_id}").count() == 1
    day.pass_time(LIFE)


def neither_sold_nor_answered(day: Day) -> None:
    order_id = day.refused("close")
    day.pass_time(2 * STEP)
    assert day.state(order_id) == ("FAILED", "abandoned", False)


def nothing_can_be_listed(day: Day) -> None:
    """After ten minutes nobody knows, and the cost stays open: here the number was sold indeed."""
    day.shopper.sandbox.fail("getActiveActivations", "502", times=None)
    order_id = day.refused("sold_then_close")
    day.pass_time(660)
    assert UpstreamLoss.objects.get(order=order_id).cause == Cause.OPEN_COST
    day.shopper.sandbox.faults.clear()
    day.pass_time(LIFE)


def bought_by_ops_by_hand(day: Day) -> None:
    """Seen, settled, and cancelled at the provider before the balance is read."""
    waiting = day.buy()
    upstream = upstream_for(day.provider)
    stray = upstream.buy("tg", 7, Decimal(100))
    sweep(day.provider)
    StrayActivation.objects.filter(activation_id=stray.activation_id).update(
        settled_at=Now(), settlement="bought to try the provider", settled_by="ops"
    )
    day.shopper.sandbox.advance(GRACE)
    upstream.cancel(stray.activation_id)
    day.pass_time(LIFE)
    assert day.state(waiting) == ("FAILED", "bought", True)


def payments(day: Day) -> None:
    """One in each state but PAID, which lasts only where a second person has to approve; not by card."""
    for reading in (Reading(Stage.OPEN), Reading(Stage.PENDING), Reading(Stage.EXPIRED), Reading(Stage.FAILED)):
        apply_reading(wish(day.carol, 700).pk, reading)
    pay_in(day.carol, 1500)
    disputed = pay_in(day.carol, 600)
    pay(disputed, dispute=Dispute.OPEN, disputed=disputed.asked)
    returned = pay_in(day.carol, 800)
    pay(returned, refunds=(Refunded("re_1", "", returned.asked, RefundStage.DONE),))
    assert set(TopUp.objects.values_list("state", flat=True)) == set(TopUpState.values) - {TopUpState.PAID}


def a_payment_taken_back(day: Day) -> None:
    """It was spent meanwhile: what comes in next repays the debt."""
    top_up = paid(day.carol, 2000)
    held = Wallet.objects.get(user=day.carol).balance_cents
    wallet.adjust(day.carol.pk, 500 - held, f"spent:{top_up}", reason="spent elsewhere", actor="ops")
    wallet.charge_back(day.carol.pk, 2000, "sandbox", top_up)
    assert open_debts(day.carol.pk).count() == 1
    day.look()
    paid(day.carol, 9000)
    assert not open_debts(day.carol.pk).exists()


def adjustments(day: Day) -> None:
    wallet.adjust(day.carol.pk, 300, "goodwill", reason="a bad day", actor="ops")
    wallet.adjust(day.carol.pk, -300, "mistake", reason="not that bad", actor="ops")


def sold_below_cost(day: Day) -> None:
    """The rule goes, the order stays as it was sold."""
    with catalogue_change():
        rule = PriceRule.objects.create(service_id="tg", country_id=7, percent=-50, allow_below_cost=True)
    order = Order.objects.get(pk=day.buy())
    assert order.charged_cents < order.cost * 100
    day.look()
    with catalogue_change():
        rule.delete()


def prices_moved(day: Day) -> None:
    day.buy()
    set_markup(Decimal(80))
    day.shopper.sandbox.shop.stock(7, "tg", day.shopper.sandbox.shop.shelf.offer(7, "tg").cost * 2, None)
    sync_catalogue(day.provider, believe=True)
    day.look()
    day.buy()
    set_markup(Decimal(30))


def ops_pay_in_at_the_provider(day: Day) -> None:
    waiting = day.buy()
    day.look()
    starts = BalanceReading.objects.filter(is_start=True)
    before = starts.count()
    day.shopper.sandbox.shop.account.balance += 5000
    day.pass_time(60)
    assert starts.count() == before + 1
    data(day.shopper.api.post(f"/orders/{waiting}/cancel"))


def open_in_every_way(day: Day) -> None:
    received = day.buy()
    day.shopper.deliver(received, "code 4444")
    day.shopper.order(received)
    day.refused("close")
    day.buy()
    day.look()
    day.pass_time(2 * STEP)  # else the purchase without an answer takes the next such one's number


TRADE: list[Callable[[Day], None]] = [
    payments,
    a_payment_taken_back,
    adjustments,
    a_code_and_another,
    no_code,
    cancelled_too_early_for_the_provider,
    cancelled_at_once,
    a_code_after_the_refund,
    refused_by_the_provider,
    sold_without_an_answer,
    neither_sold_nor_answered,
    nothing_can_be_listed,
    bought_by_ops_by_hand,
    sold_below_cost,
    ops_pay_in_at_the_provider,
    prices_moved,
    open_in_every_way,
    *PAYMENTS,
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("day", range(DAYS), indirect=True)
def test_an_honest_day_breaks_no_rule(day: Day) -> None:
    day.look()
    for happens in day.chance.sample(TRADE, len(TRADE)):
        happens(day)
        day.look()
    assert set(Order.objects.values_list("status", flat=True)) >= {"COMPLETED", "FAILED", "CANCELLED"}
    outcomes = set(UpstreamAttempt.objects.values_list("outcome", flat=True))
    assert outcomes >= {Outcome.BOUGHT, Outcome.REJECTED, Outcome.ABANDONED}
    assert not Review.objects.filter(finding="not_there").exists()
    purchases_of_somebody_else_show(day)
    figures.record(books_honest_days=1, books_honest_moments=day.moments)


def purchases_of_somebody_else_show(day: Day) -> None:
    """The sums were honest, not just generous: three numbers of the day stay uncertain, and five are taken."""
    day.pass_time(LIFE)
    day.shift(MONEY_IS_BACK)
    day.look()
    taken = [day.shopper.sandbox.shop.buy(Wish("tg", 7)) for _ in range(5)]
    watch.read_balances()
    assert found() == {(BALANCE, "sandbox")}
    day.shopper.sandbox.shop.account.balance += sum(number.cost for number in taken)
    day.look()


def test_a_number_that_the_sweep_saw_before_its_order_is_no_stray_for_ever(day: Day) -> None:
    with planted(cancelled_right_after_the_sweep_saw_its_number, day):
        assert found() == set()


def cancelled_right_after_the_sweep_saw_its_number(day: Day) -> str:
    answer = SmsActivate.buy

    def listed_meanwhile(adapter: SmsActivate, *wish: Any) -> Activation:
        bought = answer(adapter, *wish)
        sweep(day.provider)
        return bought

    with patch.object(SmsActivate, "buy", listed_meanwhile):
        order_id = day.buy()
    day.cancel(order_id)
    for _ in range(3):
        day.shift(STEP)
        day.work()
    return order_id


def test_an_unsettled_purchase_has_its_alarm_before_the_books_ask_for_it(day: Day) -> None:
    with planted(unsettled_for_two_minutes, day):
        assert found() == set()


def unsettled_for_two_minutes(day: Day) -> str:
    order_id = day.refused("close")
    for seconds in (107, 15):
        watch.look_around()
        day.shift(seconds)
    return order_id
