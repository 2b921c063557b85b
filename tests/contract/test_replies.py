"""What every reply carries, and what every route says to a wrong method."""

import json
import re

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from catalog.models import Provider
from tests.conftest import WISH, Api, Shopper, api_of, data, error

ROUTES = {
    "/account": "GET",
    "/services": "GET",
    "/countries": "GET",
    "/prices": "GET",
    "/openapi.json": "GET",
    "/orders": "GET, POST",
    "/orders/x": "GET",
    "/orders/x/cancel": "POST",
    "/orders/x/next-sms": "POST",
}


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW", "GET", "POST"])
def test_every_route_names_its_methods(db: None, path: str, method: str) -> None:
    response = Api(None).call(method, path)
    if method in ROUTES[path].split(", "):
        assert response.status_code in (200, 401)
    else:
        assert (response.status_code, response["Allow"]) == (405, ROUTES[path])


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/account", "/api/v1/%00"])
def test_everything_under_api_is_in_the_envelope(db: None, path: str) -> None:
    assert error(Client().get(path)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("host", ["testserver", "evil.example", "a b"])
def test_another_host_name_is_no_page(api: Api, host: str) -> None:
    assert api.get("/account", Host=host)["Content-Type"] == "application/json"


def test_the_method_can_not_be_overridden(api: Api) -> None:
    response = api.post("/account", X_HTTP_Method_Override="GET")
    assert error(response) == (405, "METHOD_NOT_ALLOWED")
    assert error(api.get("/orders/x/cancel", X_HTTP_Method_Override="POST")) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("path", ["/account", "/services", "/nothing", "/prices", "/orders/x", "/openapi.json"])
def test_every_reply_has_its_own_request_id(api: Api, path: str) -> None:
    ids = {api.get(path)["X-Request-Id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(re.fullmatch(r"[0-9a-f]{24}", request_id) for request_id in ids)


def test_an_unchanged_list_has_request_id_limits_and_tag(api: Api, provider: Provider) -> None:
    first = api.get("/prices?service=tg")
    again = api.get("/prices?service=tg", If_None_Match=first["ETag"])
    assert again.status_code == 304
    assert (again["ETag"], again["Cache-Control"]) == (first["ETag"], "private, max-age=3")
    assert (again["RateLimit-Limit"], again["RateLimit-Remaining"]) == ("60", "58")
    assert again["X-Request-Id"] != first["X-Request-Id"]


@pytest.mark.parametrize("path", ["/services", "/countries", "/prices?service=tg"])
def test_the_three_lists_may_be_kept_by_their_reader_for_seconds(api: Api, provider: Provider, path: str) -> None:
    response = api.get(path)
    assert re.fullmatch(r"private, max-age=\d", response["Cache-Control"])
    assert response["ETag"]


@pytest.mark.parametrize("path", ["/account", "/orders", "/orders/x", "/prices", "/prices?service=nope"])
def test_all_else_is_not_stored(api: Api, path: str) -> None:
    response = api.get(path)
    assert response["Cache-Control"] == "no-store"
    assert "ETag" not in response


def test_success_is_200_for_every_verb(shopper: Shopper) -> None:
    bought = shopper.api.post("/orders", WISH)
    order_id = bought.json()["data"]["id"]
    statuses = [bought.status_code, shopper.api.get(f"/orders/{order_id}").status_code]
    statuses.append(shopper.api.post(f"/orders/{order_id}/cancel").status_code)
    assert statuses == [200, 200, 200]


def test_an_error_has_no_data_and_no_more_fields_than_promised(api: Api) -> None:
    body = json.loads(api.get("/orders/x").content)
    assert body == {"ok": False, "code": "NOT_FOUND", "message": "There is no such order."}


LIMITED = [("/prices", 400), ("/orders/x", 404), ("/account?key=1", 400), ("/orders?limit=0", 400)]


@pytest.mark.parametrize(("path", "status"), LIMITED)
def test_a_refusal_with_a_valid_key_counts_and_carries_the_limits(api: Api, path: str, status: int) -> None:
    first, second = api.get(path), api.get(path)
    assert first.status_code == second.status_code == status
    assert int(first["RateLimit-Remaining"]) - int(second["RateLimit-Remaining"]) == 1


def test_a_blocked_account_counts_and_sees_its_limits(alice: User) -> None:
    blocked = api_of(alice)
    User.objects.filter(pk=alice.pk).update(state="suspended")
    response = blocked.get("/account")
    assert error(response) == (403, "FORBIDDEN")
    assert (response["RateLimit-Limit"], response["RateLimit-Remaining"]) == ("60", "59")


def test_a_fault_of_ours_carries_the_limits(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.api.views.success", lambda _: 1 / 0)
    response = api.get("/account")
    assert error(response) == (500, "INTERNAL")
    assert response["RateLimit-Remaining"] == "59"


def test_a_throttled_call_shows_an_empty_bucket(api: Api, settings: Settings) -> None:
    settings.API_READS_PER_WINDOW = 1
    api.get("/account")
    response = api.get("/account")
    assert error(response) == (429, "RATE_LIMITED")
    assert (response["RateLimit-Limit"], response["RateLimit-Remaining"]) == ("1", "0")
    assert response["Retry-After"] == response["RateLimit-Reset"]


def test_the_description_needs_no_key_and_counts_nowhere(db: None) -> None:
    response = Api(None).get("/openapi.json")
    assert response.status_code == 200
    assert "RateLimit-Limit" not in response


def test_money_is_strings_and_the_services_price_a_number(shopper: Shopper) -> None:
    assert data(shopper.api.get("/account"))["balanceCents"] == "2500"
    assert data(shopper.api.get("/services"))["items"][0]["minCostUsd"] == 0.39
    assert data(shopper.api.get("/prices?service=tg"))["items"][0]["priceCents"] == "39"
    assert data(shopper.api.get("/countries"))["items"][0]["id"] == 7
