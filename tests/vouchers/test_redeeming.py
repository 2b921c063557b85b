from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AccountState, User
from accounts.vouchers import codes, services
from accounts.vouchers.errors import BatchSpent, CapReached, ExpiredCode, StoppedCode, UnknownCode, UsedCode
from accounts.vouchers.models import Voucher, VoucherBatch
from accounts.vouchers.services import Redeemed
from accounts.wallet import services as wallet
from jiema import failpoints
from jiema.api.errors import Forbidden
from tests.paying import pay_in
from tests.vouchers.making import balance, credits, customers, expire, make, nothing_moved

pytestmark = pytest.mark.django_db


def test_a_voucher_credits_its_value(alice: User) -> None:
    assert services.redeem(alice.pk, make()[0]) == Redeemed(500, 3000)
    voucher = Voucher.objects.get()
    assert (voucher.redeemed_by, credits()) == (alice, [(alice.pk, 500)])
    assert voucher.redeemed_at is not None


def test_the_same_account_is_told_the_same_again(alice: User) -> None:
    (code,) = make()
    services.redeem(alice.pk, code)
    assert services.redeem(alice.pk, code) == Redeemed(500, 3000)
    assert credits() == [(alice.pk, 500)]


def test_another_account_is_told_that_it_is_used(alice: User, bob: User) -> None:
    (code,) = make()
    services.redeem(alice.pk, code)
    with pytest.raises(UsedCode):
        services.redeem(bob.pk, code)
    assert (credits(), balance(bob)) == ([(alice.pk, 500)], 0)


@pytest.mark.parametrize("typed", ["", "ACDE-FGHJ-KMNP-QRTV", "\x00", "x" * 100])
def test_an_unknown_code_moves_nothing(bob: User, typed: str) -> None:
    make()
    with pytest.raises(UnknownCode):
        services.redeem(bob.pk, typed)
    assert nothing_moved()


def test_an_expired_code_moves_nothing(bob: User) -> None:
    (code,) = make()
    expire()
    with pytest.raises(ExpiredCode):
        services.redeem(bob.pk, code)
    assert nothing_moved()


def test_a_code_is_good_until_it_expires(bob: User) -> None:
    (code,) = make(expires_at=timezone.now() + timedelta(minutes=1))
    assert services.redeem(bob.pk, code) == Redeemed(500, 500)


def test_a_void_code_moves_nothing(bob: User) -> None:
    void, good = make(2)
    voucher = Voucher.objects.get(digest=codes.digest(codes.read(void)))
    assert services.void_voucher(voucher.pk, "leaked", "ops")
    with pytest.raises(StoppedCode):
        services.redeem(bob.pk, void)
    assert nothing_moved()
    assert services.redeem(bob.pk, good) == Redeemed(500, 500)


def test_of_a_stopped_batch_nothing_is_taken(bob: User) -> None:
    first, second = make(2, per_account=2)
    services.redeem(bob.pk, first)
    batch = VoucherBatch.objects.get()
    assert services.stop_batch(batch.pk, "leaked", "ops")
    with pytest.raises(StoppedCode):
        services.redeem(bob.pk, second)
    assert services.redeem(bob.pk, first) == Redeemed(500, 500)  # what was his stays so
    batch.refresh_from_db()
    assert (batch.stop_reason, batch.stopped_by, credits()) == ("leaked", "ops", [(bob.pk, 500)])


def test_what_is_done_is_not_done_again(bob: User) -> None:
    (code,) = make()
    services.redeem(bob.pk, code)
    batch, voucher = VoucherBatch.objects.get(), Voucher.objects.get()
    assert not services.void_voucher(voucher.pk, "too late", "ops")
    assert [services.stop_batch(batch.pk, reason, "ops") for reason in ("first", "second")] == [True, False]
    batch.refresh_from_db()
    assert batch.stop_reason == "first"


def test_one_account_redeems_up_to_the_cap(bob: User, carol: User) -> None:
    first, second, third = make(3, per_account=2)
    services.redeem(bob.pk, first)
    services.redeem(bob.pk, second)
    with pytest.raises(CapReached):
        services.redeem(bob.pk, third)
    assert (balance(bob), services.redeem(carol.pk, third)) == (1000, Redeemed(500, 1500))


def test_the_cap_is_each_batchs_own(bob: User) -> None:
    for name in ("spring", "summer"):
        services.redeem(bob.pk, make(name=name)[0])
    assert balance(bob) == 1000


def test_a_batch_gives_no_more_than_its_cap(bob: User) -> None:
    first, second, third = make(3, per_account=3, total_cap_cents=1499)
    services.redeem(bob.pk, first)
    services.redeem(bob.pk, second)
    with pytest.raises(BatchSpent):
        services.redeem(bob.pk, third)
    assert balance(bob) == 1000


@pytest.mark.parametrize("state", [AccountState.SUSPENDED, AccountState.CLOSED])
def test_who_is_blocked_redeems_nothing(bob: User, state: AccountState) -> None:
    (code,) = make()
    User.objects.update(state=state)
    with pytest.raises(Forbidden):
        services.redeem(bob.pk, code)
    assert nothing_moved()


def test_a_debt_is_repaid_first(bob: User) -> None:
    top_up = pay_in(bob, 300)
    wallet.adjust(bob.pk, -300, "spent", reason="spent", actor="tests")
    wallet.charge_back(bob.pk, 300, top_up.gateway, top_up.pk)
    assert services.redeem(bob.pk, make()[0]) == Redeemed(500, 200)


def test_a_crash_before_the_commit_leaves_the_code_good(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = make()

    def crash() -> None:
        raise RuntimeError

    with monkeypatch.context() as patches:
        patches.setitem(failpoints.armed, "wallet.posted", crash)
        with pytest.raises(RuntimeError):
            services.redeem(bob.pk, code)
    assert nothing_moved()
    assert services.redeem(bob.pk, code) == Redeemed(500, 500)


@pytest.mark.parametrize("change", [{"redeemed_at": None}, {"void_at": timezone.now()}, {"redeemed_by": None}])
def test_the_database_itself_guards_a_redemption(bob: User, change: dict[str, object]) -> None:
    services.redeem(bob.pk, make()[0])
    with pytest.raises(IntegrityError), transaction.atomic():
        Voucher.objects.update(**change)


@pytest.mark.parametrize(
    "fields", [{"size": 0}, {"size": 10_001}, {"cents": 0}, {"per_account": 0}, {"total_cap_cents": 499}]
)
def test_the_database_itself_guards_a_batch(db: None, fields: dict[str, int]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make(**fields)


def test_no_code_is_kept(db: None) -> None:
    (code,) = make()
    voucher = Voucher.objects.get()
    kept = [str(getattr(voucher, field.attname)) for field in Voucher._meta.concrete_fields]
    assert voucher.last4 == code[-4:]
    assert not [value for value in kept if code[:4] in value]


def test_many_customers_redeem_a_batch_each_once(db: None) -> None:
    made = make(20)
    users = customers(20)
    for user, code in zip(users, made, strict=True):
        services.redeem(user.pk, code)
    assert credits() == [(user.pk, 500) for user in users]
