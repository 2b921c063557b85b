"""Keys: headers, forms, addresses, accounts."""

import re

import pytest
from django.db import OperationalError
from pytest_django import Settings

from accounts import services as accounts
from accounts.models import Language, User
from tests.conftest import WISH, Api, Shopper, api_of, data, error


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR "])
def test_the_schemes_case_does_not_matter(api: Api, scheme: str) -> None:
    assert api.get("/account", Authorization=f"{scheme} {api.token}").status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "bearer\t"])
def test_authorization_without_a_key_hides_no_other_header(api: Api, header: str) -> None:
    response = Api(None).get("/account", Authorization=header, X_API_Key=api.token or "")
    assert response.status_code == 401


@pytest.mark.parametrize("key", ["x", "jm_" + "0" * 43, "jm_" + "0" * 42, "é" * 46, "jm_" + "٣" * 43, "null"])
def test_what_is_no_key_is_invalid_in_either_header(db: None, key: str) -> None:
    assert error(Api(None).get("/account", X_API_Key=key)) == (401, "AUTH_INVALID")
    assert error(Api(key).get("/account")) == (401, "AUTH_INVALID")


def test_an_empty_x_api_key_is_no_key(db: None) -> None:
    assert error(Api(None).get("/account", X_API_Key="")) == (401, "AUTH_MISSING")


@pytest.mark.parametrize("name", ["api_key", "API_KEY", "apikey", "key", "token", "access_token"])
def test_a_key_in_the_address_alone_is_a_bad_request(api: Api, name: str) -> None:
    assert error(Api(None).get(f"/account?{name}={api.token}")) == (400, "BAD_REQUEST")


def test_a_key_in_the_address_works_nowhere(shopper: Shopper) -> None:
    response = Api(None).post(f"/orders?anything={shopper.api.token}", WISH)
    assert error(response) == (400, "BAD_REQUEST")
    assert shopper.balance() == 2500


def test_keyless_and_bad_keys_share_one_count_of_thirty(api: Api) -> None:
    for number in range(30):
        Api(None if number % 2 else "jm_bad").get("/account")
    response = Api(None).get("/account?key=1")
    assert error(response) == (429, "RATE_LIMITED")
    assert 1 <= int(response["Retry-After"]) <= 60
    assert "RateLimit-Limit" not in response
    assert api.get("/account").status_code == 200


def test_failed_keys_count_by_address(db: None, settings: Settings) -> None:
    settings.TRUSTED_PROXIES, settings.API_FAILED_KEYS_PER_WINDOW = 1, 1
    seen = [Api(None).get("/account", X_Forwarded_For=f"9.9.9.9, 10.0.0.{host}") for host in (1, 1, 2)]
    assert [response.status_code for response in seen] == [401, 429, 401]


@pytest.mark.parametrize("path", ["/account", "/orders", "/orders/x", "/services", "/countries", "/prices"])
def test_every_read_needs_a_key(db: None, path: str) -> None:
    response = Api(None).get(path)
    assert error(response) == (401, "AUTH_MISSING")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/orders", "/orders/x/cancel", "/orders/x/next-sms"])
def test_every_write_needs_a_key(db: None, path: str) -> None:
    assert error(Api(None).post(path, WISH)) == (401, "AUTH_MISSING")


def test_two_accounts_see_their_own(shopper: Shopper, carol: User) -> None:
    mine = shopper.buy()["id"]
    hers = data(api_of(carol).post("/orders", WISH))["id"]
    assert [item["id"] for item in data(shopper.api.get("/orders"))["items"]] == [mine]
    assert [item["id"] for item in data(api_of(carol).get("/orders"))["items"]] == [hers]
    assert error(shopper.api.post(f"/orders/{hers}/cancel")) == (404, "NOT_FOUND")
    assert data(api_of(carol).get("/account"))["balanceCents"] == "961"


def test_all_keys_of_an_account_see_its_orders(shopper: Shopper, alice: User) -> None:
    order = shopper.buy()
    assert data(api_of(alice).get(f"/orders/{order['id']}")) == order


@pytest.mark.parametrize("state", ["suspended", "closed"])
def test_an_account_that_is_not_active_is_forbidden_everywhere(alice: User, state: str) -> None:
    blocked = api_of(alice)
    User.objects.filter(pk=alice.pk).update(state=state)
    replies = [blocked.get(path) for path in ("/account", "/services", "/orders", "/orders/x")]
    replies += [blocked.post(path, WISH) for path in ("/orders", "/orders/x/cancel", "/orders/x/next-sms")]
    assert {error(reply) for reply in replies} == {(403, "FORBIDDEN")}


def test_a_profile_has_the_promised_forms(api: Api, alice: User) -> None:
    account = data(api.get("/account"))
    assert re.fullmatch(r"c[a-z0-9]{24}", account["id"])
    assert re.fullmatch(r"[a-z0-9]{6}", account["referralCode"])
    User.objects.filter(pk=alice.pk).update(lang="zh", display_name="爱丽丝")
    assert data(api.get("/account"))["lang"] == "zh"
    assert data(api.get("/account"))["displayName"] == "爱丽丝"


def test_the_languages_are_four() -> None:
    assert Language.values == ["en", "id", "ms", "zh"]


def test_of_a_key_only_eleven_characters_are_kept_readable(alice: User) -> None:
    key, token = accounts.create_api_key(alice.pk, "bot")
    assert token.startswith(key.prefix)
    assert len(key.prefix) == 11


def test_the_database_away_is_unavailable_for_writes_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError

    monkeypatch.setattr("accounts.selectors.read_prepared", away)
    response = api.post("/orders", WISH)
    assert error(response) == (503, "UNAVAILABLE")
    assert response["Retry-After"] == "2"
    assert "RateLimit-Limit" not in response
