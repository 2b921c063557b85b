"""Threads at one code, with real transactions."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import User
from accounts.vouchers import services
from accounts.vouchers.models import Voucher, VoucherBatch
from accounts.wallet import services as wallet
from jiema.api.errors import DomainError
from tests.vouchers.making import balance, credits, customers, make

pytestmark = pytest.mark.django_db(transaction=True)


def race(*jobs: Callable[[], object]) -> Counter[str]:
    """How the jobs ended that began together: "done", or the refusal's code."""
    start, ends = threading.Barrier(len(jobs)), []

    def run(job: Callable[[], object]) -> None:
        try:
            start.wait()
            ends.append("done" if job() is not False else "no")
        except DomainError as refusal:
            ends.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(ends)


def redeeming(user: User, code: str) -> Callable[[], object]:
    return lambda: services.redeem(user.pk, code)


def test_fifty_customers_at_one_code_get_one_credit(db: None) -> None:
    (code,) = make()
    users = customers(50)
    assert race(*(redeeming(user, code) for user in users)) == {"done": 1, "VOUCHER_USED": 49}
    assert credits() == [(Voucher.objects.get().redeemed_by_id, 500)]


def test_fifty_clicks_of_one_customer_credit_once(bob: User) -> None:
    (code,) = make()
    assert race(*[redeeming(bob, code)] * 50) == {"done": 50}
    assert (credits(), balance(bob)) == ([(bob.pk, 500)], 500)


def test_of_two_customers_at_once_one_gets_it(alice: User, bob: User) -> None:
    for number in range(20):
        (code,) = make(name=f"round {number}", per_account=1)
        assert race(redeeming(alice, code), redeeming(bob, code)) == {"done": 1, "VOUCHER_USED": 1}
    assert balance(alice) + balance(bob) == 2500 + 20 * 500


def test_many_codes_at_once_stop_at_the_accounts_cap(bob: User) -> None:
    made = make(20, per_account=3)
    assert race(*(redeeming(bob, code) for code in made)) == {"done": 3, "VOUCHER_CAP_REACHED": 17}
    assert balance(bob) == 1500


def test_many_customers_at_once_stop_at_the_batchs_cap(db: None) -> None:
    made = make(20, total_cap_cents=3000)
    users = customers(20)
    ends = race(*(redeeming(user, code) for user, code in zip(users, made, strict=True)))
    assert (ends, len(credits())) == ({"done": 6, "VOUCHERS_SPENT": 14}, 6)


def test_a_code_is_redeemed_or_void_never_both(bob: User) -> None:
    for number in range(20):
        (code,) = make(name=f"round {number}")
        pk = Voucher.objects.latest("pk").pk
        ends = race(redeeming(bob, code), lambda pk=pk: services.void_voucher(pk, "race", "ops"))
        voucher = Voucher.objects.get(pk=pk)
        assert ends == ({"done": 1, "no": 1} if voucher.redeemed_by_id else {"done": 1, "VOUCHER_STOPPED": 1})
    assert len(credits()) == Voucher.objects.filter(redeemed_by=bob, void_at=None).count()


def test_no_code_is_taken_after_its_batch_was_stopped(bob: User) -> None:
    made = make(10, per_account=10)
    batch = VoucherBatch.objects.get()
    race(*(redeeming(bob, code) for code in made), lambda: services.stop_batch(batch.pk, "race", "ops"))
    batch.refresh_from_db()
    assert batch.stopped_at is not None
    assert balance(bob) == 500 * len(credits())
    assert race(*(redeeming(bob, code) for code in make(2, name="later"))) == {"done": 1, "VOUCHER_CAP_REACHED": 1}


def test_without_the_claim_two_customers_are_credited(alice: User, bob: User) -> None:
    """The control: it shows that the race above exists."""
    make()
    pk = str(Voucher.objects.get().pk)
    seen = threading.Barrier(2)

    def naive(user: User) -> None:
        found = Voucher.objects.get(redeemed_by=None)
        seen.wait()
        wallet.adjust(user.pk, 500, f"{pk}:{user.pk}", reason=f"voucher {found.pk}", actor="tests")

    assert race(lambda: naive(alice), lambda: naive(bob)) == {"done": 2}
    assert (balance(alice), balance(bob)) == (3000, 500)
