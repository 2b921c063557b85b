"""What the application's own database role can do with vouchers, and what it can't."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from accounts.models import User
from accounts.vouchers import services
from accounts.vouchers.models import Voucher, VoucherBatch
from accounts.vouchers.services import Redeemed
from jiema import roles
from tests.vouchers.making import make


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def till(bob: User) -> Iterator[User]:
    """We are the application's role, and Bob is a customer; undone before the books are looked at."""
    before = transaction.savepoint()
    sql("CREATE ROLE till")
    roles.grant_application("till")
    sql("SET LOCAL ROLE till")
    yield bob
    transaction.savepoint_rollback(before)


def test_the_application_works_with_vouchers(till: User) -> None:
    good, _ = make(2)
    batch, (_, second) = VoucherBatch.objects.get(), Voucher.objects.order_by("pk")
    assert services.redeem(till.pk, good) == Redeemed(500, 500)
    assert services.void_voucher(second.pk, "leaked", "ops")
    assert services.stop_batch(batch.pk, "leaked", "ops")


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE vouchers_voucherbatch SET value_cents = 100000",
        "UPDATE vouchers_voucherbatch SET total_cap_cents = NULL",
        "UPDATE vouchers_voucherbatch SET per_account = 100",
        "UPDATE vouchers_voucher SET digest = sha256('mine')",
        "UPDATE vouchers_voucher SET batch_id = 1",
        "DELETE FROM vouchers_voucher",
        "DELETE FROM vouchers_voucherbatch",
        "TRUNCATE vouchers_voucher",
    ],
)
def test_but_never_changes_what_one_is_worth(till: User, attack: str) -> None:
    make()
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        sql(attack)
