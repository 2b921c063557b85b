"""How often and from where: the limiter notes it, a task writes it down."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.conf import settings
from django.db.models.functions import Now
from pytest_django import DjangoAssertNumQueries
from redis import Redis

from accounts.keys.usage import write_key_uses
from accounts.models import ApiKey, ApiKeyHour, User
from jiema.api import limits, valkey
from jiema.api.limits import Bucket, Use
from tests.conftest import Api, api_of, error


def use(key_id: int, address: str = "203.0.113.9", times: int = 1) -> None:
    for _ in range(times):
        limits.check([Bucket("many", 1000)], Use(key_id, address))


def calls() -> list[int]:
    return list(ApiKeyHour.objects.order_by("key_id", "hour").values_list("calls", flat=True))


def test_a_call_is_noted_with_its_address(api: Api) -> None:
    api.get("/account", X_Forwarded_For="198.51.100.1")
    assert ApiKey.objects.get().last_used_at is None
    assert write_key_uses() == 1
    key = ApiKey.objects.get()
    assert key.last_used_address == "127.0.0.1"
    assert ApiKey.objects.filter(last_used_at__gt=Now() - timedelta(seconds=60)).exists()


def test_refused_calls_count_too(alice: User) -> None:
    User.objects.update(writes_per_minute=1)
    api = api_of(alice)
    assert [error(api.post("/orders", {}))[0] for _ in range(3)] == [400, 429, 429]
    write_key_uses()
    assert calls() == [3]


def test_calls_without_a_valid_key_are_nobodys(api: Api) -> None:
    Api(None).get("/account")
    Api("jm_bad").get("/account")
    assert write_key_uses() == 0


def test_what_was_written_counts_once(api: Api) -> None:
    key = ApiKey.objects.get()
    use(key.pk, times=2)
    write_key_uses()
    use(key.pk)
    assert [write_key_uses(), write_key_uses()] == [1, 0]
    assert calls() == [3]


def test_the_last_address_is_kept(api: Api) -> None:
    for address in ["198.51.100.1", "2001:db8::1"]:
        use(ApiKey.objects.get().pk, address)
    write_key_uses()
    assert ApiKey.objects.get().last_used_address == "2001:db8::1"


@pytest.mark.parametrize("address", ["", "unknown", "1.2.3.4:5", "x y"])
def test_an_address_that_is_none_is_not_kept(api: Api, address: str) -> None:
    use(ApiKey.objects.get().pk, address)
    assert write_key_uses() == 1
    assert ApiKey.objects.get().last_used_address is None
    assert ApiKey.objects.get().last_used_at


@pytest.mark.parametrize(("told", "kept"), [("::ffff:192.0.2.7", "192.0.2.7"), ("fe80::1%eth0", "fe80::1")])
def test_an_address_is_kept_plainly(api: Api, told: str, kept: str) -> None:
    use(ApiKey.objects.get().pk, told)
    write_key_uses()
    assert ApiKey.objects.get().last_used_address == kept


def test_old_hours_are_forgotten(api: Api) -> None:
    key = ApiKey.objects.get()
    for hours in (24, 26):
        ApiKeyHour.objects.create(key=key, hour=Now() - timedelta(hours=hours), calls=hours)
    write_key_uses()
    assert calls() == [24]


def test_a_key_that_is_gone_is_skipped(api: Api) -> None:
    key = ApiKey.objects.get()
    use(key.pk)
    use(key.pk + 1)
    assert write_key_uses() == 1


def test_many_keys_cost_as_much_as_one(alice: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(5):
        api_of(alice)
    for key in ApiKey.objects.all():
        use(key.pk)
    with django_assert_num_queries(6):  # two are the savepoint
        assert write_key_uses() == 5


def test_without_valkey_nothing_is_written_and_nothing_breaks(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "evaluate", Mock(side_effect=valkey.Away))
    assert write_key_uses() == 0


def test_a_check_that_notes_a_use_is_one_command(api: Api) -> None:
    key = ApiKey.objects.get()
    use(key.pk)
    with Redis.from_url(settings.REDIS_URL) as client:
        before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
        use(key.pk, times=10)
        assert client.info("commandstats")["cmdstat_evalsha"]["calls"] - before == 10
