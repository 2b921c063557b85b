"""Size, route, method, key, account, limit, body, order, rules: a call that fails two checks tells the earlier one."""

from typing import Any

import pytest

from accounts.models import User
from orders.models import Order
from tests.conftest import Api, Shopper, api_of, error

TOO_LARGE = b" " * 16_385


def test_size_before_route(db: None) -> None:
    assert error(Api(None).call("POST", "/nothing", TOO_LARGE)) == (413, "TOO_LARGE")


def test_size_before_method(db: None) -> None:
    assert error(Api(None).call("DELETE", "/orders", TOO_LARGE)) == (413, "TOO_LARGE")


def test_sixteen_kibibytes_are_not_too_large(api: Api) -> None:
    body = b'{"service": "tg", "country": 7'.ljust(16_383) + b"}"
    assert error(api.call("POST", "/orders", body)) == (400, "BAD_SERVICE")


@pytest.mark.parametrize("path", ["/nothing", "/account/", "/orders/", "/orders/x/cancel/", "/account/x"])
def test_route_before_method_and_key(db: None, path: str) -> None:
    assert error(Api(None).call("DELETE", path)) == (404, "NOT_FOUND")


def test_method_before_key(db: None) -> None:
    assert error(Api("jm_bad").call("POST", "/account")) == (405, "METHOD_NOT_ALLOWED")


def test_key_before_account(alice: User) -> None:
    revoked = api_of(alice)
    alice.api_keys.all().delete()
    User.objects.filter(pk=alice.pk).update(state="suspended")
    assert error(revoked.get("/account")) == (401, "AUTH_INVALID")


def test_account_before_limit(alice: User) -> None:
    blocked = api_of(alice)
    User.objects.filter(pk=alice.pk).update(state="suspended", writes_per_minute=1)
    assert [error(blocked.post("/orders")) for _ in range(3)] == [(403, "FORBIDDEN")] * 3


@pytest.mark.parametrize("content", ["text/plain", "application/json"])
def test_limit_before_content_type_and_body(alice: User, content: str) -> None:
    User.objects.filter(pk=alice.pk).update(writes_per_minute=1)
    api = api_of(alice)
    api.post("/orders", {})
    assert error(api.call("POST", "/orders", b"{", Content_Type=content)) == (429, "RATE_LIMITED")


def test_content_type_before_body(api: Api) -> None:
    assert error(api.call("POST", "/orders", b"{", Content_Type="text/plain")) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("verb", ["cancel", "next-sms"])
@pytest.mark.parametrize(("content", "expected"), [("text/plain", 415), ("application/json", 400)])
def test_body_before_the_orders_look_up(api: Api, verb: str, content: str, expected: int) -> None:
    path = f"/orders/c{'0' * 24}/{verb}"
    assert error(api.call("POST", path, b"[1]", Content_Type=content))[0] == expected
    assert error(api.post(path)) == (404, "NOT_FOUND")


def test_body_before_the_order_of_mine(shopper: Shopper) -> None:
    path = f"/orders/{shopper.buy()['id']}/cancel"
    response = shopper.api.post(path, {"reason": "late"})
    assert error(response) == (400, "BAD_REQUEST")
    assert "reason" in response.json()["message"]
    assert Order.objects.get().status == "WAITING"


def test_the_orders_look_up_before_the_rules(shopper: Shopper, carol: User) -> None:
    path = f"/orders/{shopper.buy()['id']}/next-sms"
    assert error(shopper.api.post(path)) == (400, "NO_CODE_YET")
    assert error(api_of(carol).post(path)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("order_id", ["%00", "%ff", "x", "c" + "0" * 25, "C" + "0" * 24, "%F0%9F%8E%89", "x" * 3000])
@pytest.mark.parametrize("call", [("GET", ""), ("POST", "/cancel"), ("POST", "/next-sms")])
def test_what_is_no_id_is_not_found(api: Api, order_id: str, call: Any) -> None:
    method, verb = call
    assert error(api.call(method, f"/orders/{order_id}{verb}")) == (404, "NOT_FOUND")
