"""Cancel, SMS, expiry and the provider's own end reach one order at the same moment.

RACE_ROUNDS: how many orders are raced for.
"""

import os
from collections import Counter
from functools import partial
from random import Random
from threading import Barrier
from typing import Any
from unittest.mock import patch

import pytest
from django.db import IntegrityError
from django.test import Client
from pytest_django import Settings

from accounts.wallet.models import Entry
from catalog.models import Provider
from catalog.upstream.types import Sms as UpstreamSms
from catalog.upstream.types import State
from catalog.upstream.types import Status as UpstreamStatus
from jiema import failpoints
from orders.errors import AlreadyChanged, CodeReceived
from orders.models import REFUNDED, Order
from orders.services import cancelling, pushing, syncing
from tests.conftest import Shopper, expire
from tests.torture import figures
from tests.unknown.conftest import fund
from tests.unknown.together import Call, track
from tests.web.conftest import signed_in

ROUNDS = int(os.environ.get("RACE_ROUNDS", "60"))
FINAL = {"COMPLETED", "FAILED", "CANCELLED"}

pytestmark = pytest.mark.django_db(transaction=True)


def contenders(shopper: Shopper, provider: Provider, order_id: str, code: str, chance: Random) -> list[Call]:
    activation = Order.objects.get(pk=order_id).activation_id or ""
    sms = UpstreamSms(code, code)
    received = UpstreamStatus(State.RECEIVED, (sms,))
    ended = UpstreamStatus(chance.choice([State.CANCELLED, State.FINISHED]))
    arrivals: list[Call] = [
        partial(pushing.accept_push, provider, pushing.Push(activation, sms)),
        partial(syncing.apply_status, order_id, received, "poll_key"),
        partial(syncing.apply_status, order_id, received, "list_key"),
    ]
    cancel = partial(cancelling.cancel_order, shopper.user.pk, order_id)
    end = partial(syncing.end_if_over, order_id)
    return [cancel, cancel, chance.choice(arrivals), end, partial(syncing.apply_status, order_id, ended)]


def seen(shopper: Shopper, pages: Client, order_id: str) -> list[bytes]:
    """All that shows the customer the order."""
    replies = [shopper.api.get(f"/orders/{order_id}"), shopper.api.get("/orders?limit=5")]
    shown = [pages.get(f"/orders/{order_id}"), pages.get(f"/orders/{order_id}/live")]
    return [reply.content for reply in replies + shown]


def judge(order_id: str, cancels: list[Any]) -> str:
    """One end, one refund where there is one, and at most one cancel that was told to have worked."""
    order = Order.objects.get(pk=order_id)
    refunds = Entry.objects.filter(kind="refund", reference=f"order:{order_id}").count()
    assert order.status in FINAL
    assert refunds == (order.status in REFUNDED)
    assert cancels.count(None) == (order.status == "CANCELLED")
    return order.status


def test_one_end_at_most_one_refund_and_no_code_after_it(
    shopper: Shopper, provider: Provider, settings: Settings
) -> None:
    settings.API_WRITES_PER_WINDOW = settings.API_READS_PER_WINDOW = settings.API_KEY_POLLS_PER_WINDOW = 1_000_000
    settings.CANCEL_BRAKE_ORDERS = 0
    settings.UPSTREAM_SEATS = 100
    fund(shopper.user.pk, ROUNDS * 39)
    shopper.sandbox.shop.stock(7, "tg", None, ROUNDS + 100)
    pages, chance, ends, leaks = signed_in(shopper.user), Random(1), Counter[str](), 0
    with track(lanes=5) as race:
        for number in range(ROUNDS):
            order_id, code = shopper.buy()["id"], f"{734_000_000 + number}"
            shopper.sandbox.advance(121)
            expire(order_id, 61)
            # A cancel asks the provider first, and without a head start it would seldom win.
            answers = race.run(contenders(shopper, provider, order_id, code, chance), ahead=2 * (number % 2))
            assert {type(answer) for answer in answers} <= {type(None), bool, AlreadyChanged, CodeReceived}
            syncing.end_if_over(order_id)
            status = judge(order_id, answers[:2])
            ends[status] += 1
            shown = [code.encode() in page for page in seen(shopper, pages, order_id)]
            leaks += any(shown) and status in REFUNDED
            assert shown == [status == "COMPLETED"] * 4
    figures.record(
        race_rounds=ROUNDS, codes_after_a_refund=leaks, **{f"race_{end.lower()}": n for end, n in ends.items()}
    )
    assert len(ends) > 1  # else there was no race


def test_of_two_cancels_at_once_one_is_told_that_it_worked(shopper: Shopper) -> None:
    """The second comes between the provider's consent to the first and our writing it down."""
    order_id, second = shopper.buy()["id"], list[object]()
    shopper.sandbox.advance(121)

    def cancel_too() -> None:
        failpoints.armed.clear()
        second.append(shopper.api.post(f"/orders/{order_id}/cancel").status_code)

    failpoints.armed["cancel.given_back"] = cancel_too
    first = shopper.api.post(f"/orders/{order_id}/cancel").status_code
    assert sorted([first, *second]) == [200, 400]
    assert (Order.objects.get(pk=order_id).status, shopper.balance()) == ("CANCELLED", 2500)


def test_without_the_row_lock_both_decide_and_only_the_database_stops_one(shopper: Shopper) -> None:
    """The control: it shows that the race above exists."""
    order_id = shopper.buy()["id"]
    both_have_read = Barrier(2)

    def read(order_id: str) -> Order:
        order = Order.objects.get(pk=order_id)
        both_have_read.wait()
        return order

    received = UpstreamStatus(State.RECEIVED, (UpstreamSms("code 1111", "1"),))
    with (
        patch("orders.services.cancelling.lock_order", read),
        patch("orders.services.syncing.lock_order", read),
        track(lanes=2) as race,
    ):
        answers = race.run(
            [
                partial(cancelling.cancel_order, shopper.user.pk, order_id),
                partial(syncing.apply_status, order_id, received),
            ]
        )
    assert sorted(type(answer).__name__ for answer in answers) == ["IntegrityError", "NoneType"]
    assert any(isinstance(answer, IntegrityError) and "no such move" in str(answer) for answer in answers)
