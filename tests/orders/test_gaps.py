"""Single mistakes that no other test would notice: each was planted once, and lived."""

from datetime import timedelta
from itertools import product
from unittest.mock import patch

import pytest

from accounts.models import AccountState, User
from accounts.wallet.models import Entry
from catalog.models import Country, Provider
from catalog.services.providers import upstream_for
from catalog.upstream.adapter import SmsActivate
from jiema.api.errors import Forbidden
from orders.models import Order, Sms, Status, StrayActivation
from orders.services import reconciling, syncing
from orders.services.buying import buy_number
from orders.services.lifecycle import MOVES, IllegalMove, transition
from tests.conftest import Shopper, data, error, expire
from tests.orders.test_following import PUSHED, push
from tests.orders.test_settling import held, in_flight, sent, state


def test_a_number_of_another_country_is_not_adopted(shopper: Shopper, provider: Provider) -> None:
    Country.objects.create(id=6, iso2="ID", slug="id", name="Indonesia")
    order_id = held(shopper, "close")
    shopper.sandbox.shop.stock(6, "tg", None, 10)
    upstream_for(provider).buy("tg", 6, None)
    sent(order_id, 25)
    reconciling.sweep(provider)
    assert state(order_id) == ("WAITING", "unknown", None)
    assert StrayActivation.objects.get(settled_at=None).country_code == 6


def test_of_two_that_wait_the_older_gets_the_number(shopper: Shopper, provider: Provider) -> None:
    older, newer = held(shopper, "sold_then_close"), held(shopper, "close")
    sent(older, 60)
    sent(newer, 25)
    reconciling.sweep(provider)
    assert (state(older)[2], state(newer)[2]) == ("700000001", None)


def test_an_account_that_is_suspended_past_the_door_buys_nothing(shopper: Shopper) -> None:
    User.objects.filter(pk=shopper.user.pk).update(state=AccountState.SUSPENDED)
    with pytest.raises(Forbidden):
        buy_number(shopper.user.pk, "tg", "7")
    assert (Order.objects.count(), shopper.balance(), shopper.sandbox.log.counts()) == (0, 2500, {})


def test_each_order_gets_its_own_charge_back(shopper: Shopper) -> None:
    first, second = shopper.buy()["id"], shopper.buy()["id"]
    data(shopper.api.post(f"/orders/{first}/cancel"))
    assert Entry.objects.get(kind="refund").reference == f"order:{first}"
    assert Order.objects.get(pk=second).refunded_cents == 0


def test_only_the_moves_of_the_table_are_made(shopper: Shopper) -> None:
    legal = {("WAITING", end) for end in ("RECEIVED", "COMPLETED", "FAILED", "CANCELLED")}
    legal |= {("RECEIVED", "WAITING"), ("RECEIVED", "COMPLETED")}
    assert {(start, to) for start, ends in MOVES.items() for to in ends} == legal
    order = Order.objects.get(pk=shopper.buy()["id"])
    for start, to in set(product(Status, Status)) - legal:
        order.status = start
        with pytest.raises(IllegalMove):
            transition(order, to)


def test_a_piece_of_the_secret_opens_nothing(shopper: Shopper, provider: Provider) -> None:
    shopper.buy()
    assert push(provider, PUSHED, secret=provider.push_secret[:-1]) == 404
    assert push(provider, PUSHED, secret=provider.push_secret.swapcase()) == 404
    assert not Sms.objects.exists()


def test_a_push_reaches_the_numbers_of_its_provider_only(shopper: Shopper, provider: Provider) -> None:
    shopper.buy()
    stranger = Provider.objects.create(name="other", dialect="hero", base_url="http://127.0.0.1:1", api_key="none")
    assert push(stranger, PUSHED) == 200
    assert not Sms.objects.exists()


def test_a_push_to_what_is_over_changes_nothing(shopper: Shopper, provider: Provider) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "code 1111")
    shopper.order(order_id)
    expire(order_id, 90)
    syncing.end_due_orders()
    completed = data(shopper.api.get(f"/orders/{order_id}"))
    assert (completed["status"], completed["smsBody"]) == ("COMPLETED", "code 1111")
    assert push(provider, PUSHED) == 200
    assert data(shopper.api.get(f"/orders/{order_id}")) == completed


def test_lists_beside_a_running_call_prove_nothing(shopper: Shopper, provider: Provider) -> None:
    order_id = held(shopper, "close")
    in_flight(order_id, 5)
    for _ in range(3):
        reconciling.sweep(provider)
    assert state(order_id) == ("WAITING", "in_flight", None)


def test_a_number_that_is_too_young_to_go_back_is_due_when_it_is_not(shopper: Shopper) -> None:
    data(shopper.api.post(f"/orders/{shopper.buy()['id']}/cancel"))
    order = Order.objects.get()
    assert order.bought_at is not None
    assert order.cancel_upstream_at == order.bought_at + timedelta(seconds=120)


def test_who_used_a_code_gets_no_refund_though_the_provider_would_agree(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "code 1111")
    shopper.order(order_id)
    shopper.api.post(f"/orders/{order_id}/next-sms")
    with patch.object(SmsActivate, "cancel") as given_back:
        assert error(shopper.api.post(f"/orders/{order_id}/cancel")) == (400, "CODE_RECEIVED")
    given_back.assert_not_called()
    assert shopper.balance() == 2500 - 39
