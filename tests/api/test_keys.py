import pytest
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.models import AccountState, User
from jiema.api import tokens
from tests.conftest import Api, api_of, data, error


def test_a_token_has_the_promised_shape() -> None:
    token = tokens.new_token()
    assert tokens.TOKEN.fullmatch(token)
    assert tokens.is_well_formed(token)


def test_a_known_token_keeps_its_checksum() -> None:
    assert tokens.is_well_formed("jm_" + "0" * 37 + tokens._checksum("jm_" + "0" * 37))
    assert tokens._checksum("jm_" + "0" * 37) == "0Sc0t3"


def test_the_key_works_in_both_headers(api: Api, alice: User) -> None:
    other = Api(None).get("/account", X_API_Key=api.token or "")
    assert data(api.get("/account")) == data(other)


def test_authorization_wins_over_x_api_key(api: Api) -> None:
    response = api.get("/account", Authorization="Bearer nonsense", X_API_Key=api.token or "")
    assert error(response) == (401, "AUTH_INVALID")


@pytest.mark.parametrize("header", ["Basic abc", "Token x", "Bearer jm_short"])
def test_another_scheme_or_a_forged_key_is_invalid(db: None, header: str) -> None:
    response = Api(None).get("/account", Authorization=header)
    assert error(response) == (401, "AUTH_INVALID")
    assert response["WWW-Authenticate"] == "Bearer"
    assert "RateLimit-Limit" not in response


def test_no_key_is_missing(db: None) -> None:
    response = Api(None).get("/account")
    assert error(response) == (401, "AUTH_MISSING")
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_typo_is_refused_without_a_query(api: Api) -> None:
    from django.db import connection

    typo = (api.token or "")[:-1] + ("a" if (api.token or "")[-1] != "a" else "b")
    with CaptureQueriesContext(connection) as queries:
        assert error(Api(typo).get("/account")) == (401, "AUTH_INVALID")
    assert len(queries) == 0


def test_a_revoked_key_is_refused_on_the_next_call(api: Api, alice: User) -> None:
    data(api.get("/account"))
    key = alice.api_keys.get()
    assert accounts.revoke_api_key(alice.pk, key.pk)
    assert error(api.get("/account")) == (401, "AUTH_INVALID")


def test_a_suspended_account_is_forbidden_on_the_next_call(api: Api, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(state=AccountState.SUSPENDED)
    assert error(api.get("/account")) == (403, "FORBIDDEN")


@pytest.mark.parametrize("query", ["?api_key=x", "?a=jm_" + "x" * 43, "?key=1"])
def test_a_key_in_the_address_is_refused(api: Api, query: str) -> None:
    assert error(api.get(f"/account{query}")) == (400, "BAD_REQUEST")


def test_failed_keys_are_limited_by_address_but_valid_keys_never(alice: User) -> None:
    valid = api_of(alice)
    refused = [error(Api("jm_bad").get("/account")) for _ in range(31)]
    assert refused == [(401, "AUTH_INVALID")] * 30 + [(429, "RATE_LIMITED")]
    assert error(Api(None).get("/account")) == (429, "RATE_LIMITED")
    data(valid.get("/account"))


def test_only_the_digest_is_stored(alice: User) -> None:
    key, token = accounts.create_api_key(alice.pk, "bot")
    assert bytes(key.digest) == tokens.digest(token)
    assert token not in str(vars(key))
    assert key.prefix == token[:11]
