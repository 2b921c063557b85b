"""A runner of an idempotent call that was taken for dead, and wakes up."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db.models.functions import Now

from accounts.wallet.errors import Insufficient
from orders.models import IdempotentCall, Order
from orders.services import buying
from tests.conftest import WISH, Shopper, data, error

KEY = {"Idempotency_Key": "k1"}
PLAIN = buying.buy_number


def while_asleep(shopper: Shopper, then: Any) -> Any:
    """The first call with the key sleeps before its work, until the second one is through; its reply."""
    replies: list[Any] = []

    def asleep(*args: Any, **options: Any) -> str:
        IdempotentCall.objects.update(running_until=Now())
        with patch("orders.api.views.buy_number", PLAIN):
            replies.append(shopper.api.post("/orders", WISH, **KEY))
        result: str = then(*args, **options)
        return result

    with patch("orders.api.views.buy_number", asleep):
        first = shopper.api.post("/orders", WISH, **KEY)
    return first, replies[0]


def test_whoever_wakes_up_late_buys_nothing(shopper: Shopper) -> None:
    late, second = while_asleep(shopper, PLAIN)
    assert error(late) == (409, "IN_PROGRESS")
    assert Order.objects.count() == 1
    assert shopper.api.post("/orders", WISH, **KEY).content == second.content
    assert shopper.balance() == 2500 - 39


def test_the_refusal_of_whoever_wakes_up_late_does_not_forget_the_order(shopper: Shopper) -> None:
    def refused(*args: Any, **options: Any) -> str:
        IdempotentCall.objects.update(reply=None)  # the second is about to keep its reply
        raise Insufficient

    late, second = while_asleep(shopper, refused)
    assert error(late) == (400, "INSUFFICIENT")
    assert shopper.api.post("/orders", WISH, **KEY).content == second.content
    assert Order.objects.count() == 1


def test_a_claim_forgotten_while_it_ran_buys_nothing(shopper: Shopper) -> None:
    def forgotten(*args: Any, **options: Any) -> str:
        IdempotentCall.objects.all().delete()
        return PLAIN(*args, **options)

    with patch("orders.api.views.buy_number", forgotten):
        assert error(shopper.api.post("/orders", WISH, **KEY)) == (409, "IN_PROGRESS")
    assert (Order.objects.count(), shopper.balance()) == (0, 2500)


def test_a_dead_runners_key_stays_with_its_request(shopper: Shopper) -> None:
    with patch("orders.api.views.buy_number", side_effect=SystemExit), pytest.raises(SystemExit):
        shopper.api.post("/orders", WISH, **KEY)
    IdempotentCall.objects.update(running_until=Now())
    other = shopper.api.post("/orders", {"service": "tg", "country": "my"}, **KEY)
    assert error(other) == (400, "IDEMPOTENCY_MISMATCH")


def test_a_take_over_near_the_keys_end_is_not_swept_away_under_it(shopper: Shopper) -> None:
    with patch("orders.api.views.buy_number", side_effect=SystemExit), pytest.raises(SystemExit):
        shopper.api.post("/orders", WISH, **KEY)
    IdempotentCall.objects.update(running_until=Now(), created_at=Now() - timedelta(hours=23))
    data(shopper.api.post("/orders", WISH, **KEY))
    IdempotentCall.objects.update(created_at=Now() - timedelta(hours=2))
    assert shopper.api.post("/orders", WISH, **KEY)["Idempotent-Replayed"] == "true"
