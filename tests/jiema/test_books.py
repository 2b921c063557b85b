"""Every planted fault is named, by its rule and its subject, and nothing else is."""

import pytest

from tests.jiema.faults import FAULTS
from tests.jiema.planting import CHAIN, CHARGE, SUMS, Shop, found, named, planted, set_order, shop, sql
from tests.torture import figures

__all__ = ["shop"]


def test_honest_books_have_no_breach(shop: Shop) -> None:
    assert found() == set()


@pytest.mark.parametrize("rule", FAULTS)
def test_each_fault_is_named(rule: str, shop: Shop) -> None:
    named = 0
    for plant in FAULTS[rule]:
        with planted(plant, shop) as subject:
            assert (plant.__name__, found()) == (plant.__name__, {(rule, subject)})
            named += 1
    assert named == len(FAULTS[rule]) > 0
    figures.record(books_faults=named)


def test_a_deleted_entry_breaks_all_that_it_held_together(shop: Shop) -> None:
    with planted(delete_a_charge, shop):
        assert found() == {(SUMS, shop.alice), (CHAIN, shop.alice), (CHARGE, shop.done)}


def delete_a_charge(shop: Shop) -> str:
    sql("DELETE FROM wallet_entry WHERE kind = 'charge' AND reference = %s", f"order:{shop.done}")
    return shop.done


def test_days_without_a_move_wait_for_the_night(shop: Shop) -> None:
    with planted(lose_a_charge_of_long_ago, shop) as order_id:
        assert named() == {(CHARGE, order_id)}
        assert named(days=1) == set()


def lose_a_charge_of_long_ago(shop: Shop) -> str:
    sql("UPDATE wallet_entry SET created_at = now() - interval '3 days'")
    set_order(shop.done, "created_at = now() - interval '3 days', charged_cents = charged_cents + 1")
    return shop.done
