import pytest

from accounts.models import User
from accounts.wallet import services as wallet
from accounts.wallet.models import Debt, Entry, Kind, Wallet
from tests import paying
from tests.conftest import WISH, Shopper, error


def balance(user: User) -> int:
    return Wallet.objects.get(user=user).balance_cents


def pay_in(user: User, cents: int) -> str:
    return paying.pay_in(user, cents).pk


def spend(user: User, cents: int) -> None:
    wallet.adjust(user.pk, -cents, f"spent:{user.pk}", reason="spent", actor="tests")


def test_what_the_wallet_holds_is_taken_back(bob: User) -> None:
    top_up = pay_in(bob, 500)
    wallet.charge_back(bob.pk, 500, "sandbox", top_up)
    assert (balance(bob), Debt.objects.count()) == (0, 0)
    entry = Entry.objects.get(kind=Kind.CHARGEBACK)
    assert (entry.amount_cents, entry.counter_account, entry.reverses) == (
        -500,
        "gateway:sandbox",
        Entry.objects.get(kind=Kind.TOP_UP),
    )


def test_what_was_spent_becomes_a_debt(bob: User) -> None:
    top_up = pay_in(bob, 500)
    spend(bob, 350)
    wallet.charge_back(bob.pk, 500, "sandbox", top_up)
    assert balance(bob) == 0
    assert Debt.objects.values_list("amount_cents", "repaid_cents").get() == (350, 0)


@pytest.mark.parametrize("spent", [0, 350, 500])
def test_a_payment_is_taken_back_once(bob: User, spent: int) -> None:
    top_up = pay_in(bob, 500)
    if spent:
        spend(bob, spent)
    for _ in range(3):
        wallet.charge_back(bob.pk, 500, "sandbox", top_up)
    assert balance(bob) == 0
    assert sum(Debt.objects.values_list("amount_cents", flat=True)) == spent


def test_nothing_is_taken_back_that_was_never_credited(bob: User) -> None:
    with pytest.raises(Entry.DoesNotExist):
        wallet.charge_back(bob.pk, 500, "sandbox", "c0ffee")


def test_money_that_comes_in_pays_debts_first(bob: User) -> None:
    top_up = pay_in(bob, 500)
    spend(bob, 500)
    wallet.charge_back(bob.pk, 500, "sandbox", top_up)
    pay_in(bob, 200)
    assert (balance(bob), Debt.objects.get().repaid_cents) == (0, 200)
    pay_in(bob, 1000)
    assert (balance(bob), Debt.objects.get().repaid_cents) == (700, 500)
    assert list(Entry.objects.filter(kind=Kind.REPAYMENT).values_list("amount_cents", flat=True)) == [-200, -300]


def test_the_oldest_debt_is_paid_first(bob: User) -> None:
    first, second = pay_in(bob, 500), pay_in(bob, 300)
    spend(bob, 800)
    wallet.charge_back(bob.pk, 500, "sandbox", first)
    wallet.charge_back(bob.pk, 300, "sandbox", second)
    pay_in(bob, 600)
    assert list(Debt.objects.order_by("pk").values_list("repaid_cents", flat=True)) == [500, 100]


def test_who_owes_buys_nothing_but_keeps_what_runs(shopper: Shopper) -> None:
    order = shopper.buy()
    top_up = pay_in(shopper.user, 500)
    spend(shopper.user, shopper.balance())
    wallet.charge_back(shopper.user.pk, 500, "sandbox", top_up)
    assert error(shopper.api.post("/orders", WISH)) == (403, "FORBIDDEN")
    shopper.deliver(order["id"], "code 1234")
    assert shopper.order(order["id"])["status"] == "RECEIVED"
    pay_in(shopper.user, 600)
    shopper.buy()
    assert shopper.balance() == 600 - 500 - 39


def test_ops_forgive_all_debts_once(bob: User) -> None:
    first, second = pay_in(bob, 500), pay_in(bob, 300)
    spend(bob, 700)
    wallet.charge_back(bob.pk, 500, "sandbox", first)
    wallet.charge_back(bob.pk, 300, "sandbox", second)
    assert [wallet.forgive(bob.pk, reason="goodwill", actor="ops") for _ in range(2)] == [700, 0]
    assert (balance(bob), list(wallet.open_debts(bob.pk))) == (0, [])
    wallet.adjust(bob.pk, 50, "gift", reason="gift", actor="ops")
    assert balance(bob) == 50
