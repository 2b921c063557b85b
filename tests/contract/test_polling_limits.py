import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from jiema.api import valkey
from tests.conftest import Api, Shopper, api_of, data, error


def test_each_order_may_be_polled_sixty_times(shopper: Shopper) -> None:
    first, second = shopper.buy()["id"], shopper.buy()["id"]
    assert {shopper.api.get(f"/orders/{first}").status_code for _ in range(60)} == {200}
    assert error(shopper.api.get(f"/orders/{first}")) == (429, "RATE_LIMITED")
    assert shopper.api.get(f"/orders/{second}")["RateLimit-Remaining"] == "59"


def test_all_orders_together_share_the_keys_polls(shopper: Shopper, settings: Settings) -> None:
    settings.API_KEY_POLLS_PER_WINDOW = 7
    ids = [shopper.buy()["id"] for _ in range(3)]
    seen = [shopper.api.get(f"/orders/{ids[number % 3]}").status_code for number in range(8)]
    assert seen == [200] * 7 + [429]
    assert shopper.api.get(f"/orders/{ids[0]}")["RateLimit-Limit"] == "7"


def test_six_hundred_polls_is_the_shops_number(shopper: Shopper) -> None:
    assert shopper.api.get("/orders/x")["RateLimit-Limit"] == "600"


def test_a_throttled_order_takes_nothing_from_the_keys_polls(shopper: Shopper, settings: Settings) -> None:
    settings.API_ORDER_POLLS_PER_WINDOW = 1
    order_id = shopper.buy()["id"]
    for _ in range(5):
        shopper.api.get(f"/orders/{order_id}")
    assert shopper.api.get("/orders/x")["RateLimit-Remaining"] == "598"


def test_polls_and_lists_and_writes_do_not_touch_each_other(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.api.get(f"/orders/{order_id}")
    assert shopper.api.get("/orders")["RateLimit-Remaining"] == "59"
    assert shopper.api.get(f"/orders/{order_id}")["RateLimit-Remaining"] == "58"


@pytest.mark.parametrize("path", ["/account", "/services", "/countries", "/prices?service=tg", "/orders"])
def test_all_reads_share_one_bucket_of_sixty(shopper: Shopper, path: str) -> None:
    shopper.api.get("/account")
    response = shopper.api.get(path)
    assert (response["RateLimit-Limit"], response["RateLimit-Remaining"]) == ("60", "58")


def test_all_writes_share_one_bucket(shopper: Shopper, settings: Settings) -> None:
    settings.API_WRITES_PER_WINDOW = 10
    order_id = shopper.buy()["id"]
    paths = ["/orders", f"/orders/{order_id}/next-sms", f"/orders/{order_id}/cancel", "/orders/x/cancel"]
    assert [shopper.api.post(path)["RateLimit-Remaining"] for path in paths] == ["8", "7", "6", "5"]


def test_a_replay_counts(shopper: Shopper) -> None:
    body = {"service": "tg", "country": 7}
    first = shopper.api.post("/orders", body, Idempotency_Key="k")
    again = shopper.api.post("/orders", body, Idempotency_Key="k")
    assert int(first["RateLimit-Remaining"]) - int(again["RateLimit-Remaining"]) == 1


def test_an_accounts_own_limits_hold_for_each_of_its_keys(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(reads_per_minute=2)
    first, second = api_of(alice), api_of(alice)
    assert [first.get("/account").status_code for _ in range(3)] == [200, 200, 429]
    assert second.get("/account")["RateLimit-Limit"] == "2"


def status_of(address: str, token: str, start: threading.Barrier) -> int:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=20)
    start.wait()
    connection.request("POST", "/api/v1/orders", headers={"X-API-Key": token})
    status = connection.getresponse().status
    connection.close()
    return status


def test_thirty_calls_at_once_over_http_pass_ten(live_server: LiveServer, alice: User) -> None:
    token, start = api_of(alice).token or "", threading.Barrier(30)
    with ThreadPoolExecutor(30) as threads:
        seen = list(threads.map(lambda _: status_of(live_server.url, token, start), range(30)))
    assert (seen.count(400), seen.count(429)) == (10, 20)


@pytest.fixture
def no_valkey(settings: Settings) -> Iterator[None]:
    """Nobody listens there."""
    valkey.forget()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    valkey._resting_until = 0.0
    yield
    valkey.forget()
    valkey._resting_until = 0.0


@pytest.mark.usefixtures("no_valkey")
def test_without_valkey_one_buys_polls_and_cancels(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.sandbox.advance(121)
    assert shopper.order(order_id)["status"] == "WAITING"
    assert data(shopper.api.post(f"/orders/{order_id}/cancel"))["status"] == "CANCELLED"
    assert shopper.balance() == 2500
    call_command("check_books", "--json")


@pytest.mark.usefixtures("no_valkey")
def test_without_valkey_the_process_counts(api: Api) -> None:
    seen = [api.post("/orders", {}).status_code for _ in range(12)]
    assert seen == [400] * 10 + [429] * 2
    assert api.get("/account")["RateLimit-Remaining"] == "59"
