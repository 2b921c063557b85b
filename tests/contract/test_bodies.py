"""Bodies that a careless or hostile client sends."""

import io
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import Client, RequestFactory

from catalog.models import Provider
from jiema.api.middleware import answer
from orders.models import Order
from tests.conftest import Api, Shopper, data, error


def chunked(token: str | None, path: str, body: bytes) -> Any:
    """As granian hands over a body without a length."""
    request = RequestFactory().post(f"/api/v1{path}", content_type="application/json")
    environ = request.environ | {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
    environ.pop("CONTENT_LENGTH", None)
    environ |= {"HTTP_TRANSFER_ENCODING": "chunked"} | ({"HTTP_X_API_KEY": token} if token else {})
    return answer(WSGIRequest(environ))


def test_a_body_without_a_length_is_read(shopper: Shopper) -> None:
    assert data(chunked(shopper.api.token, "/orders", b'{"service":"tg","country":7}'))["service"] == "tg"
    assert error(chunked(shopper.api.token, "/orders", b"{")) == (400, "BAD_REQUEST")


def test_no_body_and_no_length_is_an_empty_object(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    assert data(chunked(shopper.api.token, f"/orders/{order_id}/cancel", b""))["status"] == "CANCELLED"


def test_a_body_without_a_length_has_the_same_limit(api: Api) -> None:
    assert error(chunked(api.token, "/orders", b"{}".ljust(16_385))) == (413, "TOO_LARGE")
    assert error(chunked(api.token, "/orders", b"{}".ljust(16_384))) == (400, "BAD_REQUEST")


def test_a_body_without_a_length_is_not_read_before_the_key(db: None) -> None:
    assert error(chunked(None, "/orders", b" " * 99_999)) == (401, "AUTH_MISSING")


@pytest.mark.parametrize("depth", [900, 960, 980, 990, 5000])
@pytest.mark.parametrize("key", [None, "k"])
def test_deep_nesting_is_refused(api: Api, depth: int, key: str | None) -> None:
    body = b'{"service":' + b"[" * depth + b"]" * depth + b',"country":7}'
    headers = {"Idempotency_Key": key} if key else {}
    assert error(api.call("POST", "/orders", body, **headers)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("number", ["1e400", "NaN", "-Infinity", "9" * 4000, "9" * 5000, "7.0", "7.5", "-0.0"])
def test_a_number_that_is_no_country_is_refused(shopper: Shopper, number: str) -> None:
    body = f'{{"service":"tg","country":{number}}}'.encode()
    assert error(shopper.api.call("POST", "/orders", body)) == (400, "BAD_REQUEST")
    assert Order.objects.count() == 0


def test_of_a_field_sent_twice_the_last_counts(shopper: Shopper) -> None:
    body = b'{"service":"nope","service":"tg","country":7}'
    assert data(shopper.api.call("POST", "/orders", body))["service"] == "tg"


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf{}", b" ", b"{}{}", b"{'a':1}", b'{"a":1,}', b"true", b"7"])
def test_nearly_json_is_refused(api: Api, body: bytes) -> None:
    assert error(api.call("POST", "/orders", body)) == (400, "BAD_REQUEST")


def test_a_charset_beside_json_is_json(shopper: Shopper) -> None:
    body = b'{"service":"tg","country":7}'
    response = shopper.api.call("POST", "/orders", body, Content_Type="application/json; charset=utf-8")
    assert data(response)["service"] == "tg"


@pytest.mark.parametrize("content", ["", "text/json", "application/vnd.api+json", "multipart/form-data; boundary=x"])
def test_what_is_not_named_json_is_refused(api: Api, content: str) -> None:
    response = api.call("POST", "/orders", b'{"service":"tg","country":7}', Content_Type=content)
    assert error(response) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800"])
@pytest.mark.parametrize("shape", ['{{"{}": 1}}', '{{"a": ["{}"]}}', '{{"a": {{"{}": 1}}}}', '{{"country": "{}"}}'])
def test_unprintable_text_is_refused_wherever_it_hides(api: Api, text: str, shape: str) -> None:
    response = api.call("POST", "/orders", shape.format(text).encode())
    assert error(response) == (400, "BAD_REQUEST")
    assert "NUL" in response.json()["message"]


@pytest.mark.parametrize("field", ["maxPrice", "quantity", "idempotencyKey", "Service", ""])
def test_any_other_field_is_refused_by_name(shopper: Shopper, field: str) -> None:
    response = shopper.api.post("/orders", {"service": "tg", "country": 7, field: 1})
    assert response.json()["message"] == f"Unknown field: {field}."
    assert Order.objects.count() == 0


@pytest.mark.parametrize("body", [b'{"activationId":1,"text":' + b"[" * 5000 + b"]" * 5000 + b"}", b"", b"{"])
def test_a_push_that_can_not_be_read_is_refused(provider: Provider, body: bytes) -> None:
    path = f"/api/push/{provider.push_secret}"
    assert error(Client().post(path, body, content_type="application/json")) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("secret", ["%00", "%0A", "%F0%9F%8E%89", "x" * 3000])
def test_a_push_to_what_is_no_secret_is_not_found(db: None, secret: str) -> None:
    assert error(Client().post(f"/api/push/{secret}", b"{}", content_type="application/json")) == (404, "NOT_FOUND")
