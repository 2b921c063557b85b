"""A share of each completed order for whoever brought its customer."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from math import floor
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given
from hypothesis import strategies as some

from accounts.models import AccountState, User
from accounts.referrals.models import Earning, Invitation, ReferralTerms
from accounts.referrals.services import end_invitation, share, share_of
from orders.models import Order, Status
from orders.services.lifecycle import lock_order, transition
from orders.services.syncing import end_due_orders, end_if_over
from tests.conftest import Shopper
from tests.referrals.conftest import Pair, balance, completed, entries, received


def test_ten_percent_of_a_completed_order_is_the_inviters(pair: Pair) -> None:
    order_id = completed(pair.shopper)
    earning = pair.earning(order_id)
    assert (earning.cents, earning.percent, earning.invitation) == (3, Decimal(10), pair.invitation)
    assert (balance(pair.inviter), entries(pair.inviter)) == (3, [("referral", 3)])


def test_only_completed_orders_count(pair: Pair) -> None:
    cancelled = pair.shopper.buy()["id"]
    pair.shopper.sandbox.advance(121)
    pair.shopper.api.post(f"/orders/{cancelled}/cancel")
    pair.shopper.order(pair.shopper.buy()["id"])
    assert {order.status for order in Order.objects.all()} == {"CANCELLED", "WAITING"}
    assert (balance(pair.inviter), Earning.objects.count()) == (0, 0)


@given(price=some.integers(1, 2**31 - 1), percent=some.decimals(0, 50, places=2))
@example(price=39, percent=Decimal("10"))
@example(price=1000, percent=Decimal("33.33"))
def test_a_share_is_rounded_down(price: int, percent: Decimal) -> None:
    assert share_of(price, percent) == floor(Fraction(price) * Fraction(percent) / 100)


def test_less_than_a_cent_is_nothing(pair: Pair) -> None:
    ReferralTerms.objects.update(percent=Decimal("2.56"))
    completed(pair.shopper)
    assert Earning.objects.count() == 0
    ReferralTerms.objects.update(percent=Decimal("2.57"))
    completed(pair.shopper)
    assert Earning.objects.get().cents == 1


def test_a_new_rate_is_for_later_orders(pair: Pair) -> None:
    first = completed(pair.shopper)
    ReferralTerms.objects.update(percent=20)
    second = completed(pair.shopper)
    assert [pair.earning(each).cents for each in (first, second)] == [3, 7]
    assert [pair.earning(each).percent for each in (first, second)] == [10, 20]


def test_without_terms_the_usual_ones_hold(pair: Pair) -> None:
    ReferralTerms.objects.all().delete()
    completed(pair.shopper)
    assert balance(pair.inviter) == 3


def test_while_it_is_closed_nothing_is_earned(pair: Pair) -> None:
    ReferralTerms.objects.update(is_open=False)
    completed(pair.shopper)
    assert (balance(pair.inviter), Earning.objects.count()) == (0, 0)


@pytest.mark.parametrize("state", [AccountState.SUSPENDED, AccountState.CLOSED])
def test_an_inviter_who_is_blocked_earns_nothing(pair: Pair, state: str) -> None:
    User.objects.filter(pk=pair.inviter.pk).update(state=state)
    completed(pair.shopper)
    assert (balance(pair.inviter), Earning.objects.count()) == (0, 0)


def test_an_ended_invitation_earns_nothing_more(pair: Pair) -> None:
    completed(pair.shopper)
    assert end_invitation(pair.invitation.pk, "ops", "one person, two accounts")
    completed(pair.shopper)
    assert balance(pair.inviter) == 3


def test_the_same_order_again_earns_nothing_more(pair: Pair) -> None:
    order_id = completed(pair.shopper)
    share(order_id, pair.buyer.pk, 39)
    assert (balance(pair.inviter), Earning.objects.count()) == (3, 1)


def test_a_share_falls_with_its_transaction(pair: Pair) -> None:
    """What completes and pays is one: where the commit fails there is neither."""
    order_id = received(pair.shopper)
    with transaction.atomic():
        transition(lock_order(order_id), Status.COMPLETED)
        assert balance(pair.inviter) == 3
        transaction.set_rollback(True)
    assert (Order.objects.get().status, balance(pair.inviter), Earning.objects.count()) == ("RECEIVED", 0, 0)


def completing(order_id: str) -> list[str]:
    order = lock_order(order_id)
    with CaptureQueriesContext(connection) as queries:
        transition(order, Status.COMPLETED)
    return [query["sql"] for query in queries]


def test_who_was_not_invited_costs_one_query(shopper: Shopper) -> None:
    statements = completing(received(shopper))
    assert [statement.split()[0] for statement in statements] == ["SELECT", "UPDATE", "SELECT"]
    assert 'FROM "referrals_invitation"' in statements[2]


@pytest.mark.django_db(transaction=True)
def test_many_looks_at_once_pay_once(pair: Pair) -> None:
    order_id = received(pair.shopper)
    start = Barrier(8)

    def look(number: int) -> None:
        start.wait()
        end_if_over(order_id) if number % 2 else end_due_orders()
        connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(look, range(8)))
    assert Order.objects.get().status == "COMPLETED"
    assert (balance(pair.inviter), entries(pair.inviter)) == (3, [("referral", 3)])


@pytest.mark.django_db(transaction=True)
def test_many_orders_at_once_pay_each(pair: Pair) -> None:
    orders = [received(pair.shopper) for _ in range(6)]
    start = Barrier(6)

    def end(order_id: str) -> None:
        start.wait()
        end_if_over(order_id)
        connection.close()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(end, orders))
    assert (balance(pair.inviter), Earning.objects.count()) == (18, 6)


def test_the_inviters_inviter_gets_nothing(pair: Pair, carol: User) -> None:
    Invitation.objects.create(invitee=pair.inviter, inviter=carol, via="code")
    completed(pair.shopper)
    assert (balance(pair.inviter), balance(carol)) == (3, 1000)
