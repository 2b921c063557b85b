from io import StringIO

import pytest
from django.core.management import call_command


def statements(name: str, *options: str) -> str:
    out = StringIO()
    call_command("sqlmigrate", "orders", name, *options, stdout=out)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_indexes_on_orders_are_built_and_dropped_beside_the_sale() -> None:
    for name, indexes in {"0005_bought_index": 1, "0006_spending_by_key": 1, "0007_lists": 3}.items():
        there, back = statements(name), statements(name, "--backwards")
        assert there.count("CREATE INDEX CONCURRENTLY") == there.count("SET statement_timeout = 0") == indexes
        assert back.count("DROP INDEX CONCURRENTLY") == back.count("SET lock_timeout = 0") == indexes
