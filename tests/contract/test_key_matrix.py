"""Every endpoint with every key that is not good enough for it: who is let in, and who hears what."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models.functions import Now
from pytest_django import Settings

from accounts import services as accounts
from accounts.models import ApiKey, Scope, User
from accounts.services import KeyLimits
from orders.models import Order
from tests.conftest import WISH, Api, Shopper, api_of, data, error

READS = ["/account", "/services", "/countries", "/prices?service=tg", "/orders", "/orders/{id}"]
WRITES = ["/orders", "/orders/{id}/cancel", "/orders/{id}/next-sms"]
CALLS = [("GET", path) for path in READS] + [("POST", path) for path in WRITES]
OF_AN_ORDER = [call for call in CALLS if "{id}" in call[1]]
Call = tuple[str, str]


def with_limits(**limits: Any) -> Callable[[User], Api]:
    return lambda user: Api(accounts.create_api_key(user.pk, "matrix", KeyLimits(**limits))[1])


def after(**fields: Any) -> Callable[[User], Api]:
    def make(user: User) -> Api:
        key, token = accounts.create_api_key(user.pk, "matrix")
        ApiKey.objects.filter(pk=key.pk).update(**fields)
        return Api(token)

    return make


def api_of_suspended(user: User) -> Api:
    api = api_of(user)
    User.objects.filter(pk=user.pk).update(state="suspended")
    return api


SHUT: dict[str, tuple[Callable[[User], Api], tuple[int, str]]] = {
    "no key": (lambda user: Api(None), (401, "AUTH_MISSING")),
    "bad": (lambda user: Api("jm_" + "0" * 43), (401, "AUTH_INVALID")),
    "revoked": (after(revoked_at=Now()), (401, "AUTH_INVALID")),
    "expired": (after(expires_at=Now()), (401, "AUTH_INVALID")),
    "wrong address": (with_limits(addresses="203.0.113.0/24,2001:db8::/32"), (403, "FORBIDDEN")),
    "suspended": (api_of_suspended, (403, "FORBIDDEN")),
}
MERELY_BOUNDED = {
    "other service": with_limits(services="wa"),
    "over cap": with_limits(daily_cap_cents=1),
}


def send(api: Api, call: Call, order_id: str) -> Any:
    method, path = call
    is_wish = call == ("POST", "/orders")
    path = path.format(id=order_id)
    return api.post(path, WISH if is_wish else None) if method == "POST" else api.get(path)


@pytest.fixture
def order_id(shopper: Shopper) -> Any:
    """Alice's, bought by a good key; a refusal leaves it the only one, and waiting."""
    yield (order_id := shopper.buy()["id"])
    assert list(Order.objects.values_list("pk", "status")) == [(order_id, "WAITING")]
    assert shopper.balance() == 2500 - 39


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
@pytest.mark.parametrize("kind", SHUT)
def test_a_key_that_is_shut_opens_nothing(order_id: str, shopper: Shopper, call: Call, kind: str) -> None:
    make, refusal = SHUT[kind]
    assert error(send(make(shopper.user), call, order_id)) == refusal


@pytest.mark.parametrize("path", WRITES)
def test_a_read_only_key_writes_nothing(order_id: str, shopper: Shopper, path: str) -> None:
    response = send(with_limits(scope=Scope.READ)(shopper.user), ("POST", path), order_id)
    assert error(response) == (403, "FORBIDDEN")
    assert "may only read" in response.json()["message"]


@pytest.mark.parametrize("path", READS)
def test_a_read_only_key_reads_everything(order_id: str, shopper: Shopper, path: str) -> None:
    data(send(with_limits(scope=Scope.READ)(shopper.user), ("GET", path), order_id))


@pytest.mark.parametrize("kind", MERELY_BOUNDED)
def test_a_bounded_key_does_not_buy(order_id: str, shopper: Shopper, kind: str) -> None:
    assert error(send(MERELY_BOUNDED[kind](shopper.user), ("POST", "/orders"), order_id)) == (403, "FORBIDDEN")


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("kind", MERELY_BOUNDED)
def test_a_bounded_key_reads_everything(order_id: str, shopper: Shopper, kind: str, path: str) -> None:
    data(send(MERELY_BOUNDED[kind](shopper.user), ("GET", path), order_id))


@pytest.mark.parametrize("call", OF_AN_ORDER, ids=" ".join)
def test_another_users_order_does_not_exist(order_id: str, carol: User, call: Call) -> None:
    assert error(send(api_of(carol), call, order_id)) == (404, "NOT_FOUND")


def test_the_refusal_names_the_address_that_was_seen(shopper: Shopper, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    api = with_limits(addresses="203.0.113.0/24")(shopper.user)
    response = api.get("/account", X_Forwarded_For="203.0.113.7, 198.51.100.20")
    assert error(response) == (403, "FORBIDDEN")
    assert "from the address 198.51.100.20" in response.json()["message"]
    data(api.get("/account", X_Forwarded_For="198.51.100.20, 203.0.113.7"))


@pytest.mark.parametrize("limits", [{"scope": Scope.READ}, {"addresses": "203.0.113.7"}])
def test_such_a_refusal_counts_and_comes_before_the_rate_limit(alice: User, limits: dict[str, Any]) -> None:
    User.objects.update(writes_per_minute=1)
    api = with_limits(**limits)(alice)
    replies = [api.post("/orders", {}) for _ in range(3)]
    assert [error(each) for each in replies] == [(403, "FORBIDDEN")] * 3
    assert [each["RateLimit-Remaining"] for each in replies] == ["0", "0", "0"]


def test_a_wrong_address_is_no_failed_key(alice: User) -> None:
    api = with_limits(addresses="203.0.113.7")(alice)
    assert {error(api.get("/account")) for _ in range(31)} == {(403, "FORBIDDEN")}
    assert error(Api(None).get("/account")) == (401, "AUTH_MISSING")
