"""What a key may buy: its services, and what it may spend within 24 hours."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from unittest.mock import patch

import pytest
from django.db import connection
from django.db.models.functions import Now
from pytest_django import DjangoAssertNumQueries

from accounts import services as accounts
from accounts.models import ApiKey
from accounts.services import KeyLimits
from jiema.api.errors import AuthInvalid
from orders.errors import OverDailyCap
from orders.models import Order
from orders.selectors import spent_by_key
from orders.services.buying import buy_number
from orders.services.key_limits import require_allowed
from tests.conftest import WISH, Api, Shopper, data, error, unguard


def key_of(shopper: Shopper, limits: KeyLimits) -> ApiKey:
    """The shopper calls with a key of these limits from now on."""
    key, token = accounts.create_api_key(shopper.user.pk, "bounded", limits)
    shopper.api = Api(token)
    return key


def nothing_was_bought(shopper: Shopper) -> bool:
    return not Order.objects.exists() and shopper.balance() == 2500


def test_a_key_buys_the_services_that_it_may(shopper: Shopper) -> None:
    key_of(shopper, KeyLimits(services="wa,tg"))
    assert shopper.buy()["service"] == "tg"
    assert data(shopper.api.post("/orders", {"service": "telegram", "country": "my"}))["service"] == "tg"


@pytest.mark.parametrize("service", ["tg", "telegram"])
def test_another_service_is_refused(shopper: Shopper, service: str) -> None:
    key_of(shopper, KeyLimits(services="wa,tgx"))
    response = shopper.api.post("/orders", {"service": service, "country": 7})
    assert error(response) == (403, "FORBIDDEN")
    assert response.json()["message"] == "This API key may not buy tg, only: wa, tgx."
    assert nothing_was_bought(shopper)


def test_the_cap_is_spent_to_the_cent(shopper: Shopper) -> None:
    key_of(shopper, KeyLimits(daily_cap_cents=78))
    shopper.buy(), shopper.buy()
    response = shopper.api.post("/orders", WISH)
    assert error(response) == (403, "FORBIDDEN")
    assert "may spend $0.78 within 24 hours and has spent $0.78" in response.json()["message"]
    assert (Order.objects.count(), shopper.balance()) == (2, 2500 - 78)


def test_a_cap_under_the_price_buys_nothing(shopper: Shopper) -> None:
    key_of(shopper, KeyLimits(daily_cap_cents=38))
    assert error(shopper.api.post("/orders", WISH)) == (403, "FORBIDDEN")
    assert nothing_was_bought(shopper)
    assert "getNumberV2" not in shopper.sandbox.log.counts()


def test_a_refund_gives_the_caps_room_back(shopper: Shopper) -> None:
    key = key_of(shopper, KeyLimits(daily_cap_cents=39))
    data(shopper.api.post(f"/orders/{shopper.buy()['id']}/cancel"))
    assert spent_by_key(key.pk) == 0
    assert shopper.buy()["chargedCents"] == "39"


def test_after_24_hours_the_cap_has_room_again(shopper: Shopper) -> None:
    key = key_of(shopper, KeyLimits(daily_cap_cents=39))
    shopper.buy()
    for age, spent in [(timedelta(hours=23, minutes=59), 39), (timedelta(hours=24), 0)]:
        unguard()
        Order.objects.update(created_at=Now() - age)
        assert spent_by_key(key.pk) == spent


def test_each_key_has_a_cap_of_its_own(shopper: Shopper) -> None:
    key_of(shopper, KeyLimits(daily_cap_cents=39))
    shopper.buy()
    key_of(shopper, KeyLimits(daily_cap_cents=39))
    shopper.buy()
    buy_number(shopper.user.pk, "tg", "7")  # as the page does, by no key
    assert Order.objects.count() == 3


def test_a_rotation_does_not_renew_the_cap(shopper: Shopper) -> None:
    key = key_of(shopper, KeyLimits(daily_cap_cents=39))
    shopper.buy()
    shopper.api = Api(accounts.rotate_api_key(key.user_id, key.pk, key.prefix, timedelta(0))[1])
    assert error(shopper.api.post("/orders", WISH)) == (403, "FORBIDDEN")


def test_a_changed_cap_holds_on_the_next_call(shopper: Shopper) -> None:
    key = key_of(shopper, KeyLimits())
    shopper.buy()
    accounts.change_key_limits(key.user_id, key.pk, "bounded", KeyLimits(daily_cap_cents=50))
    assert error(shopper.api.post("/orders", WISH)) == (403, "FORBIDDEN")


def test_a_replay_needs_no_room_under_the_cap(shopper: Shopper) -> None:
    key_of(shopper, KeyLimits(daily_cap_cents=39))
    first = shopper.api.post("/orders", WISH, Idempotency_Key="once")
    again = shopper.api.post("/orders", WISH, Idempotency_Key="once")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert error(shopper.api.post("/orders", WISH, Idempotency_Key="twice")) == (403, "FORBIDDEN")


def test_a_refusal_for_the_cap_is_not_kept(shopper: Shopper) -> None:
    key = key_of(shopper, KeyLimits(daily_cap_cents=38))
    assert error(shopper.api.post("/orders", WISH, Idempotency_Key="k")) == (403, "FORBIDDEN")
    accounts.change_key_limits(key.user_id, key.pk, "bounded", KeyLimits())
    data(shopper.api.post("/orders", WISH, Idempotency_Key="k"))


def test_a_key_revoked_past_the_door_buys_nothing(shopper: Shopper) -> None:
    key = key_of(shopper, KeyLimits())
    accounts.revoke_api_key(key.user_id, key.pk)
    with pytest.raises(AuthInvalid):
        buy_number(shopper.user.pk, "tg", "7", api_key_id=key.pk)
    assert nothing_was_bought(shopper)


def test_a_key_revoked_while_it_buys_is_answered_like_any_unknown_one(shopper: Shopper) -> None:
    key = key_of(shopper, KeyLimits())
    with patch("orders.services.buying.require_sales", lambda _: accounts.revoke_api_key(key.user_id, key.pk)):
        response = shopper.api.post("/orders", WISH)
    assert error(response) == (401, "AUTH_INVALID")
    assert (response["WWW-Authenticate"], "RateLimit-Limit" in response) == ("Bearer", False)
    assert nothing_was_bought(shopper)


def test_a_key_without_a_cap_costs_one_look(
    shopper: Shopper, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    key = key_of(shopper, KeyLimits(services="tg"))
    price = patch("catalog.selectors.Quote", service_code="tg")
    with price as quote, django_assert_num_queries(1):
        require_allowed(key.pk, quote)


def buy_at_once(shopper: Shopper, key: ApiKey, buyers: int) -> int:
    """How many of the buyers, each in a thread of its own, got an order."""
    start = Barrier(buyers)

    def buy(_: int) -> bool:
        start.wait()
        try:
            buy_number(shopper.user.pk, "tg", "7", api_key_id=key.pk)
        except OverDailyCap:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(buyers) as threads:
        return sum(threads.map(buy, range(buyers)))


@pytest.mark.django_db(transaction=True)
def test_fifty_buyers_under_a_cap_for_ten_get_exactly_ten(shopper: Shopper) -> None:
    key = key_of(shopper, KeyLimits(daily_cap_cents=10 * 39 + 38))
    assert buy_at_once(shopper, key, 50) == 10
    assert (Order.objects.count(), shopper.balance()) == (10, 2500 - 390)


@pytest.mark.django_db(transaction=True)
def test_without_the_keys_lock_the_cap_is_passed(shopper: Shopper) -> None:
    """The control: it shows that the race above exists."""
    key = key_of(shopper, KeyLimits(daily_cap_cents=39))
    both_have_read = Barrier(2)

    def read(key_id: int) -> int:
        spent = spent_by_key(key_id)
        both_have_read.wait()
        return spent

    unlocked = patch("orders.services.key_limits.hold_daily_cap", lambda _: 39)
    with unlocked, patch("orders.services.key_limits.spent_by_key", read):
        assert buy_at_once(shopper, key, 2) == 2
    assert spent_by_key(key.pk) == 78
