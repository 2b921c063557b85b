"""A key gets a new token, and the one before works on for a while."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.db.models.functions import Now

from accounts import services as accounts
from accounts.errors import AlreadyRotated, KeyEnded
from accounts.models import ApiKey, Scope, User
from accounts.services import KeyLimits
from jiema.api.errors import Forbidden
from tests.conftest import Api, data, error

HOUR = timedelta(hours=1)
NONE = timedelta(0)


def made(user: User) -> tuple[ApiKey, Api]:
    key, token = accounts.create_api_key(user.pk, "bot")
    return key, Api(token)


def rotated(key: ApiKey, overlap: timedelta) -> Api:
    return Api(accounts.rotate_api_key(key.user_id, key.pk, key.prefix, overlap)[1])


def test_both_tokens_work_during_the_overlap(alice: User) -> None:
    key, old = made(alice)
    new = rotated(key, HOUR)
    assert data(new.get("/account")) == data(old.get("/account"))


def test_without_an_overlap_the_former_token_stops_at_once(alice: User) -> None:
    key, old = made(alice)
    new = rotated(key, NONE)
    assert error(old.get("/account")) == (401, "AUTH_INVALID")
    data(new.get("/account"))


def test_after_the_overlap_the_former_token_is_unknown(alice: User) -> None:
    key, old = made(alice)
    new = rotated(key, HOUR)
    ApiKey.objects.update(former_until=Now())
    assert error(old.get("/account")) == (401, "AUTH_INVALID")
    data(new.get("/account"))


def test_an_overlap_can_be_ended(alice: User, carol: User) -> None:
    key, old = made(alice)
    rotated(key, HOUR)
    assert accounts.stop_former_token(carol.pk, key.pk) is False
    data(old.get("/account"))
    assert accounts.stop_former_token(alice.pk, key.pk) is True
    assert error(old.get("/account")) == (401, "AUTH_INVALID")
    assert accounts.stop_former_token(alice.pk, key.pk) is False


def test_revoking_ends_both_tokens(alice: User) -> None:
    key, old = made(alice)
    new = rotated(key, HOUR)
    accounts.revoke_api_key(alice.pk, key.pk)
    assert [error(each.get("/account"))[0] for each in (old, new)] == [401, 401]


def test_an_expired_key_has_no_overlap(alice: User) -> None:
    key, old = made(alice)
    new = rotated(key, HOUR)
    ApiKey.objects.update(expires_at=Now())
    assert [error(each.get("/account"))[0] for each in (old, new)] == [401, 401]


def test_the_limits_stay(alice: User) -> None:
    key, _ = accounts.create_api_key(alice.pk, "bot", KeyLimits(Scope.READ, None, "10.0.0.0/8", "tg", 500))
    rotated(key, HOUR)
    now = ApiKey.objects.get()
    assert (now.scope, now.addresses, now.services, now.daily_cap_cents) == ("read", "10.0.0.0/8", "tg", 500)
    assert now.prefix != key.prefix
    assert now.former_prefix == key.prefix


def test_both_tokens_share_the_rate_limit(alice: User) -> None:
    User.objects.update(writes_per_minute=2)
    key, old = made(alice)
    new = rotated(key, HOUR)
    assert [error(each.post("/orders", {}))[0] for each in (old, new, new)] == [400, 400, 429]


def test_with_ten_keys_each_can_be_rotated(alice: User) -> None:
    keys = [made(alice)[0] for _ in range(10)]
    for key in keys:
        rotated(key, HOUR)
    assert ApiKey.objects.active().count() == 10


def test_a_key_in_its_overlap_is_not_rotated(alice: User) -> None:
    key, old = made(alice)
    rotated(key, HOUR)
    key.refresh_from_db()
    with pytest.raises(AlreadyRotated):
        rotated(key, NONE)
    data(old.get("/account"))


def test_a_key_that_ended_is_not_rotated(alice: User, carol: User) -> None:
    key, _ = made(alice)
    with pytest.raises(KeyEnded):
        accounts.rotate_api_key(carol.pk, key.pk, key.prefix, NONE)
    accounts.revoke_api_key(alice.pk, key.pk)
    with pytest.raises(KeyEnded):
        rotated(key, NONE)
    assert bytes(ApiKey.objects.get().digest) == bytes(key.digest)


def test_who_is_suspended_rotates_nothing(alice: User) -> None:
    key, _ = made(alice)
    User.objects.update(state="suspended")
    with pytest.raises(Forbidden):
        rotated(key, NONE)
    assert ApiKey.objects.get().prefix == key.prefix


def test_no_overlap_is_longer_than_a_day(alice: User) -> None:
    key, _ = made(alice)
    with pytest.raises(ValueError, match="24 hours"):
        rotated(key, timedelta(hours=24, seconds=1))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("overlap", [NONE, HOUR])
def test_two_rotations_at_once_give_one_new_token(alice: User, overlap: timedelta) -> None:
    key, _ = made(alice)
    start = Barrier(8)

    def rotate(_: int) -> str:
        start.wait()
        try:
            return rotated(key, overlap).token or ""
        except AlreadyRotated:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        (token,) = filter(None, threads.map(rotate, range(8)))
    data(Api(token).get("/account"))
    assert ApiKey.objects.count() == 1
