"""Single mistakes that no other test would notice: each was planted once, and lived."""

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from accounts.wallet.models import Wallet


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["wallet_entry", "wallet_entry, wallet_wallet CASCADE", "accounts_user CASCADE"])
def test_not_even_the_tables_owner_empties_the_ledger(alice: User, table: str) -> None:
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table}")
    assert Wallet.objects.get(user=alice).balance_cents == 2500
