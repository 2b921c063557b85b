import threading

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from accounts.wallet import services as wallet
from accounts.wallet.errors import Insufficient, ReferenceReused
from accounts.wallet.models import Entry, Wallet
from tests.conftest import unguard
from tests.paying import pay_in


def balance(user: User) -> int:
    return Wallet.objects.get(user=user).balance_cents


def test_a_top_up_is_credited_once(bob: User) -> None:
    paid = pay_in(bob, 500)
    first = Entry.objects.get(reference=f"topup:{paid.pk}")
    assert wallet.top_up(bob.pk, 500, "sandbox", paid.pk) == first
    assert balance(bob) == 500


def test_the_same_cause_with_another_amount_is_a_bug(bob: User) -> None:
    wallet.adjust(bob.pk, 500, "a1", reason="r", actor="ops")
    with pytest.raises(ReferenceReused):
        wallet.adjust(bob.pk, 600, "a1", reason="r", actor="ops")
    assert balance(bob) == 500


def test_nobody_spends_what_he_has_not(bob: User) -> None:
    with pytest.raises(Insufficient):
        wallet.adjust(bob.pk, -1, "a1", reason="r", actor="ops")
    assert not Entry.objects.filter(wallet=bob.pk).exists()


def test_an_entry_carries_the_balance_after_it(alice: User) -> None:
    entry = wallet.adjust(alice.pk, -100, "a1", reason="r", actor="ops")
    assert (entry.amount_cents, entry.balance_after, entry.counter_account) == (-100, 2400, "adjustment")


def test_an_adjustment_needs_a_reason_and_an_actor(alice: User) -> None:
    with pytest.raises(ValueError, match="reason"):
        wallet.adjust(alice.pk, 100, "a1", reason=" ", actor="ops")
    assert balance(alice) == 2500


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE wallet_entry SET amount_cents = 1",
        "DELETE FROM wallet_entry",
        "TRUNCATE wallet_entry",
        "UPDATE wallet_wallet SET balance_cents = -1",
        "INSERT INTO wallet_entry (wallet_id, kind, counter_account, amount_cents, balance_after, reference,"
        " reason, actor) SELECT user_id, 'top_up', 'x', -5, 0, 'x', '', '' FROM wallet_wallet",
    ],
)
def test_the_database_itself_guards_the_ledger(alice: User, attack: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attack)
    assert balance(alice) == 2500


def spend_at_once(user: User, buyers: int, debit: str) -> int:
    """How many of `buyers` threads got their 100 cents."""
    start, done = threading.Barrier(buyers), []

    def buy(number: int) -> None:
        start.wait()
        try:
            if debit == "wallet":
                wallet.adjust(user.pk, -100, f"buy:{number}", reason="race", actor="tests")
            else:
                naive_debit(user)
            done.append(number)
        except Insufficient:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=buy, args=(number,)) for number in range(buyers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(done)


seen = threading.Barrier(2)


def naive_debit(user: User) -> None:
    """The control: read, think, write, without a lock."""
    found = balance(user)
    seen.wait()
    if found < 100:
        raise Insufficient
    set_balance(user, found - 100)


@transaction.atomic
def set_balance(user: User, cents: int) -> None:
    unguard()
    Wallet.objects.filter(user=user).update(balance_cents=cents)


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_with_money_for_ten_get_exactly_ten(alice: User) -> None:
    wallet.adjust(alice.pk, -1500, "down to 1000", reason="setup", actor="tests")
    assert spend_at_once(alice, 50, "wallet") == 10
    assert balance(alice) == 0


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_spend_the_same_money(alice: User) -> None:
    wallet.adjust(alice.pk, -2400, "down to 100", reason="setup", actor="tests")
    assert spend_at_once(alice, 2, "naive") == 2
    set_balance(alice, 100)  # undo the control's damage
