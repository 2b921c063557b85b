import json
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import User
from accounts.topups.models import TopUp, TopUpState
from accounts.wallet.models import Wallet
from jiema import books
from orders.models import Outcome, UpstreamAttempt
from tests.conftest import Shopper, unguard


@pytest.fixture
def undone(db: None) -> Iterator[None]:
    """Everything that the test plants is gone before the books are looked at."""
    before = transaction.savepoint()
    yield
    transaction.savepoint_rollback(before)


def found() -> set[tuple[str, str]]:
    return {(breach.check, breach.subject) for breach in books.breaches()}


def sql(statement: str, *values: object) -> None:
    unguard()
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_clean_books_have_no_breach(shopper: Shopper) -> None:
    shopper.buy()
    assert books.breaches() == []


def test_a_drifted_balance_is_named(alice: User, undone: None) -> None:
    Wallet.objects.update(balance_cents=2600)
    assert found() == {("entries sum to the wallet's balance", alice.pk)}


def test_a_lost_charge_is_named(shopper: Shopper, undone: None) -> None:
    order_id = shopper.buy()["id"]
    sql("DELETE FROM wallet_entry WHERE kind = 'charge'")
    assert ("each order has one charge of its price", order_id) in found()


def test_a_lost_refund_is_named(shopper: Shopper, undone: None) -> None:
    order_id = shopper.buy()["id"]
    shopper.api.post(f"/orders/{order_id}/cancel")
    sql("DELETE FROM wallet_entry WHERE kind = 'refund'")
    assert ("a refund where the order failed or was cancelled, and nowhere else", order_id) in found()


def test_a_charge_without_an_order_is_named(shopper: Shopper, undone: None) -> None:
    shopper.buy()
    sql("UPDATE wallet_entry SET reference = 'order:ghost' WHERE kind = 'charge'")
    assert ("every charge and refund has its order", "order:ghost") in found()


def test_a_top_up_that_was_never_credited_is_named(alice: User, undone: None) -> None:
    top_up = TopUp.objects.create(user=alice, gateway="sandbox", amount_cents=500, state=TopUpState.CREDITED)
    assert found() == {("each credited top-up has one entry", top_up.pk)}


def test_an_order_without_its_number_is_named(shopper: Shopper, undone: None) -> None:
    order_id = shopper.buy()["id"]
    sql("UPDATE orders_order SET activation_id = NULL")
    assert found() == {("a bought number belongs to its order, a reserved order to an unsettled attempt", order_id)}


def test_a_purchase_that_stays_unsettled_is_named(shopper: Shopper, undone: None) -> None:
    order_id = shopper.buy()["id"]
    sql("UPDATE orders_order SET activation_id = NULL")
    UpstreamAttempt.objects.update(outcome=Outcome.UNKNOWN)
    sql("UPDATE orders_upstreamattempt SET sent_at = sent_at - interval '6 minutes'")
    assert found() == {("no purchase stays unsettled", order_id)}


def test_an_order_that_outlives_its_time_is_named(shopper: Shopper, undone: None) -> None:
    order_id = shopper.buy()["id"]
    sql("UPDATE orders_order SET expires_at = now() - interval '11 minutes'")
    assert found() == {("no open order outlives its time", order_id)}


def test_the_command_reports_and_exits_with_one(alice: User, undone: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_books", "--json")
    assert json.loads(capsys.readouterr().out) == {"ok": True, "checks": len(books.CHECKS), "breaches": []}
    Wallet.objects.update(balance_cents=2600)
    with pytest.raises(SystemExit) as exit_:
        call_command("check_books")
    assert exit_.value.code == 1
    assert alice.pk in capsys.readouterr().out
