import json
from unittest.mock import patch

import pytest
from django.db import OperationalError

from accounts.models import User
from tests.conftest import Api, api_of, data, error


def test_account_has_the_promised_fields(api: Api, alice: User) -> None:
    assert data(api.get("/account")) == {
        "id": alice.pk,
        "balanceCents": "2500",
        "referralCode": alice.referral_code,
        "displayName": "",
        "lang": "en",
    }


def test_every_reply_has_a_request_id_and_is_not_stored(api: Api) -> None:
    first, second = api.get("/account"), api.get("/nothing")
    assert first["X-Request-Id"] != second["X-Request-Id"]
    assert first["Cache-Control"] == second["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/nothing", "/orders/x/y/z", "/"])
def test_an_unknown_path_is_not_found_without_a_key(db: None, path: str) -> None:
    assert error(Api(None).get(path)) == (404, "NOT_FOUND")


def test_a_wrong_method_is_refused_without_a_key(db: None) -> None:
    response = Api(None).call("DELETE", "/orders")
    assert error(response) == (405, "METHOD_NOT_ALLOWED")
    assert response["Allow"] == "GET, POST"


@pytest.mark.parametrize("body", [b"[1]", b'"x"', b"{", b"\xff", b"null", b"[" * 9000])
def test_a_body_that_is_no_object_is_refused(api: Api, body: bytes) -> None:
    assert error(api.call("POST", "/orders", body)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud800", "x\\udfffy"])
def test_unprintable_text_is_refused(api: Api, text: str) -> None:
    body = f'{{"service": "{text}", "country": 7}}'.encode()
    assert error(api.call("POST", "/orders", body)) == (400, "BAD_REQUEST")


def test_another_content_type_is_refused(api: Api) -> None:
    response = api.call("POST", "/orders", b"service=tg", Content_Type="application/x-www-form-urlencoded")
    assert error(response) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_size_comes_before_the_key(db: None) -> None:
    assert error(Api(None).call("POST", "/orders", b" " * 16_385)) == (413, "TOO_LARGE")


def test_a_fault_of_ours_tells_no_detail(api: Api) -> None:
    with patch("accounts.api.views.success", side_effect=ZeroDivisionError("secret")):
        response = api.get("/account")
    assert error(response) == (500, "INTERNAL")
    assert json.loads(response.content)["requestId"] == response["X-Request-Id"]
    assert b"secret" not in response.content


def test_without_the_database_the_caller_is_told_when_to_come_back(api: Api) -> None:
    with patch("accounts.selectors.read_prepared", side_effect=OperationalError):
        response = api.get("/account")
    assert error(response) == (503, "UNAVAILABLE")
    assert response["Retry-After"] == "2"


def test_a_blocked_account_is_told_before_its_body_is_read(alice: User) -> None:
    blocked = api_of(alice)
    User.objects.filter(pk=alice.pk).update(state="suspended")
    assert error(blocked.call("POST", "/orders", b"{")) == (403, "FORBIDDEN")


def test_a_reply_tells_its_length(api: Api) -> None:
    response = api.get("/account")
    assert response["Content-Length"] == str(len(response.content))
