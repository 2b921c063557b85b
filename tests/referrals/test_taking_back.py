"""An order's price goes back as goodwill, and the inviter's share with it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from unittest.mock import patch

import pytest
from django.db import ProgrammingError, connection, transaction

from accounts.models import User
from accounts.referrals import services
from accounts.referrals.services import take_back
from accounts.wallet import services as wallet
from accounts.wallet.models import Entry
from jiema import roles
from orders.errors import NotCompleted, PaidBack
from orders.services.desk import pay_back
from orders.services.syncing import end_if_over
from tests.conftest import Shopper
from tests.referrals.conftest import Pair, balance, completed, entries, received


def spend(user: User, cents: int) -> None:
    wallet.adjust(user.pk, -cents, f"spent:{Entry.objects.count()}", reason="spent", actor="tests")


def test_price_and_share_go_back(pair: Pair) -> None:
    order_id = completed(pair.shopper)
    assert pay_back(order_id, "ops", "the code did not work") == 39
    assert (balance(pair.buyer), balance(pair.inviter)) == (2500, 0)
    assert entries(pair.inviter) == [("referral", 3), ("referral_back", -3)]
    entry = Entry.objects.get(kind="adjustment", reference=f"order:{order_id}")
    assert (entry.reason, entry.actor) == ("the code did not work", "ops")


def test_an_order_without_a_share_is_paid_back_too(shopper: Shopper) -> None:
    pay_back(completed(shopper), "ops", "sorry")
    assert shopper.balance() == 2500


def test_a_price_is_paid_back_once(pair: Pair) -> None:
    order_id = completed(pair.shopper)
    pay_back(order_id, "ops", "sorry")
    with pytest.raises(PaidBack):
        pay_back(order_id, "another", "sorry again")
    take_back(order_id)
    assert (balance(pair.buyer), balance(pair.inviter)) == (2500, 0)


def test_an_order_that_is_not_completed_is_not_paid_back(shopper: Shopper) -> None:
    order_id = received(shopper)
    with pytest.raises(NotCompleted):
        pay_back(order_id, "ops", "sorry")
    assert shopper.balance() == 2461


@pytest.mark.parametrize("reason", ["", " "])
def test_goodwill_has_a_reason(pair: Pair, reason: str) -> None:
    order_id = completed(pair.shopper)
    with pytest.raises(ValueError, match="needs a reason"):
        pay_back(order_id, "ops", reason)
    assert (balance(pair.buyer), balance(pair.inviter)) == (2461, 3)


def test_where_too_little_is_left_it_is_taken_and_the_rest_later(pair: Pair) -> None:
    first = completed(pair.shopper)
    spend(pair.inviter, 2)
    pay_back(first, "ops", "sorry")
    assert (balance(pair.inviter), pair.earning(first).reversed_cents, pair.earning(first).owed_cents) == (0, 1, 2)
    completed(pair.shopper)
    assert (balance(pair.inviter), pair.earning(first).owed_cents) == (1, 0)
    assert entries(pair.inviter) == [("referral", 3), ("referral_back", -1), ("referral", 3), ("referral_back", -2)]


def test_where_nothing_is_left_shares_settle_it_one_by_one(pair: Pair) -> None:
    """The oldest first, and never more than the new share."""
    owed = [completed(pair.shopper), completed(pair.shopper)]
    spend(pair.inviter, 6)
    for order_id in owed:
        pay_back(order_id, "ops", "sorry")
    assert (balance(pair.inviter), Entry.objects.filter(kind="referral_back").count()) == (0, 0)
    wallet.adjust(pair.inviter.pk, 100, "gift", reason="a gift", actor="tests")
    completed(pair.shopper)
    assert [pair.earning(each).owed_cents for each in owed] == [0, 3]
    completed(pair.shopper)
    assert [pair.earning(each).owed_cents for each in owed] == [0, 0]
    completed(pair.shopper)
    assert balance(pair.inviter) == 103


def test_what_is_spent_between_look_and_taking_is_looked_at_again(pair: Pair) -> None:
    order_id = completed(pair.shopper)
    look = services._balance
    looks = []

    def spent_just_after(user_id: str) -> int:
        seen = look(user_id)
        if not looks:
            spend(pair.inviter, 1)
        looks.append(seen)
        return seen

    with patch.object(services, "_balance", spent_just_after):
        pay_back(order_id, "ops", "sorry")
    assert (looks, balance(pair.inviter), pair.earning(order_id).owed_cents) == ([3, 2], 0, 1)


@pytest.mark.django_db(transaction=True)
def test_two_of_ops_at_once_pay_back_once(pair: Pair) -> None:
    order_id = completed(pair.shopper)
    start = Barrier(4)

    def ops(name: int) -> bool:
        start.wait()
        try:
            pay_back(order_id, f"ops {name}", "sorry")
        except PaidBack:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(ops, range(4))) == 1
    assert (balance(pair.buyer), balance(pair.inviter)) == (2500, 0)


@pytest.mark.django_db(transaction=True)
def test_shares_come_and_go_at_once(pair: Pair) -> None:
    """Six orders are paid back while six others complete, and the inviter has spent everything before."""
    old, new = ([completed(pair.shopper) for _ in range(6)], [received(pair.shopper) for _ in range(6)])
    spend(pair.inviter, 18)
    start = Barrier(12)

    def act(order_id: str) -> None:
        start.wait()
        pay_back(order_id, "ops", "sorry") if order_id in old else end_if_over(order_id)
        connection.close()

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(act, [*old, *new]))
    owed = sum(pair.earning(each).owed_cents for each in old)
    assert balance(pair.inviter) - owed == 0
    completed(pair.shopper)
    owed_after = sum(pair.earning(each).owed_cents for each in old)
    assert balance(pair.inviter) - owed_after == 3


def test_where_taking_the_share_fails_nothing_is_paid_back(pair: Pair) -> None:
    order_id = completed(pair.shopper)
    with patch.object(wallet, "take_earning_back", side_effect=RuntimeError("killed")), pytest.raises(RuntimeError):
        pay_back(order_id, "ops", "sorry")
    assert (balance(pair.buyer), balance(pair.inviter), pair.earning(order_id).reversed_at) == (2461, 3, None)


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_the_applications_own_role_does_all_this_and_no_more(pair: Pair) -> None:
    run("CREATE ROLE booth LOGIN")
    roles.grant_application("booth")
    first, second = received(pair.shopper), received(pair.shopper)
    run("SET LOCAL ROLE booth")
    end_if_over(first)
    spend(pair.inviter, 2)
    pay_back(first, "ops", "sorry")
    end_if_over(second)
    assert services.end_invitation(pair.invitation.pk, "ops", "abuse")
    assert (balance(pair.inviter), pair.earning(first).owed_cents) == (1, 0)
    for forbidden in (
        "UPDATE referrals_invitation SET inviter_id = invitee_id",
        "UPDATE referrals_earning SET cents = 1000",
        "DELETE FROM referrals_earning",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            run(forbidden)
    run("RESET ROLE")
