"""The OpenAPI description says what the server takes."""

import json
from typing import Any

import pytest

from tests.conftest import Api


@pytest.fixture
def schema() -> Any:
    return json.loads(Api(None).get("/openapi.json").content)


def parameter(schema: Any, path: str, method: str, name: str) -> Any:
    (found,) = [part for part in schema["paths"][f"/api/v1{path}"][method]["parameters"] if part["name"] == name]
    return found


def test_a_country_is_a_number_or_a_string(schema: Any) -> None:
    country = schema["components"]["schemas"]["NewOrder"]["properties"]["country"]
    assert [form["type"] for form in country["oneOf"]] == ["integer", "string"]


def test_a_new_order_has_two_fields_and_no_more(schema: Any) -> None:
    wish = schema["components"]["schemas"]["NewOrder"]
    assert sorted(wish["required"]) == sorted(wish["properties"]) == ["country", "service"]
    assert wish["additionalProperties"] is False


@pytest.mark.parametrize("path", ["/orders", "/orders/{order_id}/cancel", "/orders/{order_id}/next-sms"])
def test_every_post_takes_an_idempotency_key(schema: Any, path: str) -> None:
    key = parameter(schema, path, "post", "Idempotency-Key")
    assert (key["in"], key["schema"]["maxLength"], key["schema"]["pattern"]) == ("header", 255, "^[!-~]+$")


def test_the_price_guard_is_a_header(schema: Any) -> None:
    guard = parameter(schema, "/orders", "post", "X-Max-Price-Cents")
    assert (guard["in"], guard.get("required", False)) == ("header", False)


def test_the_page_has_its_bounds(schema: Any) -> None:
    limit = parameter(schema, "/orders", "get", "limit")["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 100, 20)


def test_both_headers_carry_the_key(schema: Any) -> None:
    assert schema["components"]["securitySchemes"] == {
        "bearer": {"type": "http", "scheme": "bearer"},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
