import math
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from unittest.mock import Mock, patch

import pytest
from django.db import OperationalError
from pytest_django import Settings as SettingsWrapper

from accounts.models import User
from jiema.api import limits, valkey
from jiema.api.limits import Bucket
from tests.alarms.scene import open_alarms
from tests.conftest import Api, api_of, data, error


@pytest.fixture
def short_window(settings: SettingsWrapper) -> float:
    settings.API_WINDOW_SECONDS = 1.0
    return 1.0


def admitted(bucket: Bucket, calls: int) -> int:
    return sum(limits.check([bucket]).allowed for _ in range(calls))


def test_ten_times_the_limit_at_once_admits_exactly_the_limit() -> None:
    def attack(_: int) -> int:
        try:
            return admitted(Bucket("burst", 10), 10)
        finally:
            valkey.forget()

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(attack, range(10))) == 10


def test_the_window_slides(short_window: float) -> None:
    bucket = Bucket("sliding", 4)
    assert admitted(bucket, 2) == 2
    time.sleep(0.6)
    assert admitted(bucket, 5) == 2
    time.sleep(0.5)  # the first two have left the window, the later two have not
    assert admitted(bucket, 5) == 2


def test_after_retry_after_the_very_next_call_passes(short_window: float) -> None:
    bucket = Bucket("wait", 1)
    admitted(bucket, 1)
    refused = limits.check([bucket])
    assert (refused.allowed, refused.reset) == (False, 1)
    time.sleep(refused.reset)
    assert limits.check([bucket]).allowed


def test_throttled_calls_do_not_lengthen_the_wait(short_window: float) -> None:
    bucket = Bucket("patience", 2)
    assert admitted(bucket, 50) == 2
    time.sleep(1.01)
    assert admitted(bucket, 50) == 2


def test_one_full_bucket_leaves_the_other_untouched() -> None:
    full, roomy = Bucket("full", 1), Bucket("roomy", 5)
    limits.check([full, roomy])
    assert limits.check([full, roomy]) == limits.Verdict(False, 1, 0, 60)
    assert admitted(roomy, 9) == 4


@pytest.fixture
def valkey_away(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """And this process has not told anybody yet."""
    monkeypatch.setattr(valkey, "evaluate", Mock(side_effect=valkey.Away))
    monkeypatch.setattr(limits, "_local", limits.LocalBuckets())
    monkeypatch.setattr(limits._Told, "at", -math.inf)


def test_without_valkey_each_process_counts_alone(valkey_away: None) -> None:
    assert admitted(Bucket("alone", 3), 9) == 3
    assert limits.check([Bucket("alone", 3)]) == limits.Verdict(False, 3, 0, 60)


def test_that_valkey_is_away_is_told_once_a_minute(valkey_away: None, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket, told = Bucket("told", 99), []
    for seconds in (0, 1, 59, 61, 62):
        monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda now=seconds: now, monotonic_ns=lambda: 0))
        limits.check([bucket])
        told.append(open_alarms("limits_fell_back"))
    assert told == [[("", 1)]] * 3 + [[("", 2)]] * 2


def test_without_valkey_and_database_the_limits_hold_too(valkey_away: None) -> None:
    with patch("jiema.alarms.services.connection.cursor", side_effect=OperationalError):
        assert admitted(Bucket("neither", 3), 9) == 3


def test_without_valkey_the_api_answers_and_limits(valkey_away: None, api: Api) -> None:
    assert [api.post("/orders", {}).status_code for _ in range(11)] == [400] * 10 + [429]
    assert data(api.get("/account"))


def test_reads_and_writes_have_a_bucket_each(api: Api) -> None:
    read, write = api.get("/account"), api.post("/orders", {})
    assert (read["RateLimit-Limit"], read["RateLimit-Remaining"]) == ("60", "59")
    assert (write["RateLimit-Limit"], write["RateLimit-Remaining"]) == ("10", "9")
    assert 1 <= int(read["RateLimit-Reset"]) <= 60


def test_the_eleventh_write_is_throttled_and_refused_ones_count(api: Api) -> None:
    refused = [error(api.post("/orders", {})) for _ in range(11)]
    assert refused == [(400, "BAD_REQUEST")] * 10 + [(429, "RATE_LIMITED")]
    assert 1 <= int(api.post("/orders", {})["Retry-After"]) <= 60
    data(api.get("/account"))


def test_each_key_has_its_own_buckets(alice: User) -> None:
    first, second = api_of(alice), api_of(alice)
    for _ in range(10):
        first.post("/orders", {})
    assert error(first.post("/orders", {}))[0] == 429
    assert error(second.post("/orders", {}))[0] == 400


def test_ops_can_give_an_account_its_own_limits(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(writes_per_minute=2)
    api = api_of(alice)
    assert [error(api.post("/orders", {}))[0] for _ in range(3)] == [400, 400, 429]


def test_an_order_that_is_not_mine_counts_in_the_keys_polls(api: Api) -> None:
    response = api.get("/orders/c" + "0" * 24)
    assert error(response) == (404, "NOT_FOUND")
    assert (response["RateLimit-Limit"], response["RateLimit-Remaining"]) == ("600", "599")
