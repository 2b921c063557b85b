import json
from typing import Any

import pytest

from tests.conftest import Api, Shopper


@pytest.fixture
def schema() -> Any:
    response = Api(None).get("/openapi.json")
    assert response.status_code == 200
    return json.loads(response.content)


def test_it_needs_no_key_and_has_no_envelope(schema: Any) -> None:
    assert schema["openapi"].startswith("3.1")
    assert "ok" not in schema


def test_it_names_every_endpoint(schema: Any) -> None:
    assert {(path, method) for path, item in schema["paths"].items() for method in item} == {
        ("/api/v1/account", "get"),
        ("/api/v1/services", "get"),
        ("/api/v1/countries", "get"),
        ("/api/v1/prices", "get"),
        ("/api/v1/orders", "get"),
        ("/api/v1/orders", "post"),
        ("/api/v1/orders/{order_id}", "get"),
        ("/api/v1/orders/{order_id}/cancel", "post"),
        ("/api/v1/orders/{order_id}/next-sms", "post"),
    }


def test_it_names_every_code_of_the_contract(schema: Any) -> None:
    promised = {
        "AUTH_MISSING", "AUTH_INVALID", "FORBIDDEN", "BAD_REQUEST", "INSUFFICIENT", "NO_NUMBERS", "BAD_SERVICE",
        "BAD_COUNTRY", "CODE_RECEIVED", "ALREADY_CHANGED", "NOT_FOUND", "RATE_LIMITED", "INTERNAL",
        "METHOD_NOT_ALLOWED", "UNSUPPORTED_MEDIA_TYPE", "TOO_LARGE", "UNAVAILABLE", "PRICE_CHANGED",
        "IDEMPOTENCY_MISMATCH", "IN_PROGRESS", "UPSTREAM_UNAVAILABLE", "OUTCOME_UNKNOWN", "NO_CODE_YET", "EXPIRED",
    }  # fmt: skip
    assert promised <= set(schema["components"]["schemas"]["Error"]["properties"]["code"]["enum"])


def resolved(schema: Any, part: Any) -> Any:
    while "$ref" in part:
        part = schema["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]]
    return part


def data_schema(schema: Any, path: str, method: str) -> Any:
    operation = schema["paths"][f"/api/v1{path}"][method]
    envelope = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return resolved(schema, envelope["properties"]["data"])


@pytest.mark.parametrize("path", ["/account", "/services", "/countries", "/prices", "/orders"])
def test_what_the_server_sends_is_what_it_describes(schema: Any, shopper: Shopper, path: str) -> None:
    shopper.buy()
    sent = shopper.api.get(path + ("?service=tg" if path == "/prices" else "")).json()["data"]
    described = data_schema(schema, path, "get")
    assert set(sent) == set(described["properties"])
    if "items" in sent:
        item = resolved(schema, described["properties"]["items"]["items"])
        assert set(sent["items"][0]) | set(item["required"]) == set(item["required"])


def test_an_order_is_what_it_describes(schema: Any, shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.api.post(f"/orders/{order_id}/cancel")
    described = data_schema(schema, "/orders/{order_id}", "get")
    sent = set(shopper.api.get(f"/orders/{order_id}").json()["data"])
    assert set(described["required"]) <= sent <= set(described["properties"])
    assert set(described["properties"]) - sent == {"completedAt"}


def test_it_names_no_code_that_only_pages_answer(schema: Any) -> None:
    codes = set(schema["components"]["schemas"]["Error"]["properties"]["code"]["enum"])
    assert codes & {"EMAIL_TAKEN", "TOO_MANY_KEYS", "NO_GATEWAY", "OVER_CAP", "VOUCHER_USED", "NOT_POSSIBLE"} == set()
