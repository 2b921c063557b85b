"""Our balance at a provider may fall by our purchases, and by no more than a cent beyond.

The shop's three numbers cost 30 cents each: one is kept, one has just been given back, one waits.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from django.db.models.functions import Now

from catalog.models import BalanceReading, Provider
from catalog.services.providers import upstream_for
from jiema import books, watch
from orders.models import Cause, Order, Outcome, UpstreamAttempt, UpstreamLoss
from tests.jiema.planting import BALANCE, Shop, found, planted, read_at_provider, set_attempt, set_order, shop

__all__ = ["shop"]
DRIFT = {(BALANCE, "sandbox")}


def least(shop: Shop) -> Decimal:
    """The lowest balance, in hundredths of a cent, that the books take after 100 half an hour ago."""
    low, high = 98_0000, 100_0000
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if is_drift(shop, Decimal(middle) / 10_000) else (low, middle)
    return Decimal(low) / 10_000


def is_drift(shop: Shop, balance: Decimal) -> bool:
    BalanceReading.objects.all().delete()
    read_at_provider(shop, "100", minutes_ago=30, is_start=True)
    read_at_provider(shop, str(balance))
    breaches = found()
    BalanceReading.objects.all().delete()
    assert breaches in (DRIFT, set())
    return bool(breaches)


def test_numbers_that_were_bought_explain_their_cost(shop: Shop) -> None:
    assert least(shop) == Decimal("99.09")


def test_a_number_given_back_long_ago_explains_nothing(shop: Shop) -> None:
    set_order(shop.cancelled, "returned_at = now() - interval '29 minutes'")
    assert least(shop) == Decimal("99.09")
    set_order(shop.cancelled, "returned_at = now() - interval '31 minutes'")
    assert least(shop) == Decimal("99.39")


def test_what_the_provider_took_counts_where_it_took_more_than_listed(shop: Shop) -> None:
    set_order(shop.done, "paid_cost = 0.3555")
    assert least(shop) == Decimal("99.0345")


def test_a_number_whose_price_the_provider_did_not_tell_counts_as_its_cap(shop: Shop) -> None:
    set_order(shop.done, "paid_cost = NULL")
    assert least(shop) == Decimal("99.09")


@pytest.mark.parametrize(
    ("outcome", "balance"),
    [
        (Outcome.IN_FLIGHT, "99.09"),
        (Outcome.UNKNOWN, "99.09"),
        (Outcome.REJECTED, "99.39"),
        (Outcome.ABANDONED, "99.39"),
    ],
)
def test_only_a_purchase_that_may_have_happened_counts(shop: Shop, outcome: Outcome, balance: str) -> None:
    status = "WAITING" if outcome in (Outcome.IN_FLIGHT, Outcome.UNKNOWN) else "CANCELLED"
    order_id = shop.waiting if status == "WAITING" else shop.cancelled
    before = Order.objects.filter(pk=order_id).values("activation_id", "returned_at").get()
    set_order(order_id, "activation_id = NULL, returned_at = NULL")
    set_attempt(order_id, outcome, sent=timedelta())
    assert least(shop) == Decimal(balance)
    Order.objects.filter(pk=order_id).update(**before)
    set_attempt(order_id, Outcome.BOUGHT, sent=timedelta())


def test_an_open_cost_counts_until_it_is_void(shop: Shop) -> None:
    set_order(shop.cancelled, "activation_id = NULL, returned_at = NULL")
    set_attempt(shop.cancelled, Outcome.ABANDONED, sent=timedelta())
    UpstreamLoss.objects.create(order_id=shop.cancelled, cause=Cause.OPEN_COST, cost="0.30")
    assert least(shop) == Decimal("99.09")
    UpstreamLoss.objects.update(void_at=Now(), void_reason="it was never sold")
    assert least(shop) == Decimal("99.39")


def test_purchases_before_the_start_count_only_where_they_may_have_been_under_way(shop: Shop) -> None:
    set_attempt(shop.done, Outcome.BOUGHT, sent=timedelta(minutes=30, seconds=25))
    assert least(shop) == Decimal("99.09")
    set_attempt(shop.done, Outcome.BOUGHT, sent=timedelta(minutes=30, seconds=35))
    assert least(shop) == Decimal("99.39")


def test_a_balance_in_roubles_is_counted_in_dollars(shop: Shop) -> None:
    Provider.objects.update(currency="RUB", usd_rate="0.01")
    assert not is_drift(shop, Decimal(9))  # 90 cents are ninety roubles, and a cent is one
    assert is_drift(shop, Decimal("8.9999"))
    Provider.objects.update(currency="USD", usd_rate=1)


def test_each_provider_answers_for_itself(shop: Shop) -> None:
    other = Provider.objects.create(name="other", dialect="hero", base_url="http://127.0.0.1:1", api_key="x")
    for minutes_ago, balance in ((30, "50"), (0, "49.98")):
        read = Now() - timedelta(minutes=minutes_ago)
        BalanceReading.objects.create(provider=other, balance=balance, read_at=read, is_start=minutes_ago > 0)
    assert found() == {(BALANCE, "other")}
    BalanceReading.objects.all().delete()


# With the readings that the watch takes


def take_at_provider(shop: Shop, amount: str) -> None:
    shop.shopper.sandbox.shop.account.balance -= Decimal(amount)
    watch.read_balances()


def test_a_purchase_by_hand_is_a_breach_until_the_sums_start_anew(shop: Shop) -> None:
    watch.read_balances()
    upstream_for(shop.provider).buy("tg", 7, Decimal("0.30"))
    assert found() == set()
    take_at_provider(shop, "0.90")  # what the three numbers just before the start may have cost
    (breach,) = books.breaches()
    assert (breach.check, breach.subject) == (BALANCE, "sandbox")
    assert not breach.stops_sales
    BalanceReading.objects.filter(pk=BalanceReading.objects.latest("pk").pk).update(is_start=True)
    assert found() == set()


def test_paying_in_does_not_hide_what_goes_missing_afterwards(shop: Shop) -> None:
    UpstreamAttempt.objects.update(sent_at=F("sent_at") - timedelta(minutes=5))
    watch.read_balances()
    take_at_provider(shop, "-1000")
    assert [reading.is_start for reading in BalanceReading.objects.order_by("pk")] == [True, True]
    assert found() == set()
    take_at_provider(shop, "0.02")
    assert found() == DRIFT
    take_at_provider(shop, "-0.02")


def test_a_number_that_comes_back_is_no_payment(shop: Shop) -> None:
    watch.read_balances()
    shop.shopper.sandbox.advance(121)
    shop.shopper.api.post(f"/orders/{shop.waiting}/cancel")
    watch.read_balances()
    assert [reading.is_start for reading in BalanceReading.objects.order_by("pk")] == [True, False]
    assert found() == set()


def test_another_rate_of_exchange_is_no_loss(shop: Shop) -> None:
    with planted(raise_the_rate, shop):
        assert found() == set()


def raise_the_rate(shop: Shop) -> str:
    read_at_provider(shop, "100", minutes_ago=30, is_start=True)
    read_at_provider(shop, "99.10")
    shop.shopper.sandbox.shop.account.balance = Decimal("99.10")
    Provider.objects.update(usd_rate="1.05")
    watch.read_balances()
    return shop.provider.name
