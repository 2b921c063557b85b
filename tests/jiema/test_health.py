from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from catalog.models import Provider
from jiema import health, watch
from jiema.alarms.models import Tick
from tests.alarms.scene import open_alarms


def test_the_process_answers_without_a_database() -> None:
    assert Client().get("/healthz").json() == {"ok": True}


def test_ready_when_all_is_there(db: None) -> None:
    response = Client().get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "ok": True,
        "checks": {
            "database": "ok",
            "migrations": "ok",
            "valkey": "ok",
            "catalogue": "no provider",
            "worker": "has not ticked yet",
        },
    }


def test_valkey_away_is_named(db: None, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["checks"]["valkey"]) == (503, "away (ConnectionError)")


def test_the_database_away_is_named() -> None:
    only_the_database = patch.dict(health.PROBES, {"database": health._database}, clear=True)
    with only_the_database, patch("jiema.health.connection.cursor", side_effect=OperationalError):
        response = Client().get("/readyz")
    assert (response.status_code, response.json()["checks"]) == (503, {"database": "away (OperationalError)"})


@pytest.mark.parametrize(("minutes", "status"), [(14, 200), (16, 503)])
def test_the_age_of_the_last_sync_is_told(provider: Provider, minutes: int, status: int) -> None:
    Provider.objects.update(synced_at=timezone.now() - timedelta(minutes=minutes))
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["checks"]["catalogue"]) == (
        status,
        f"sandbox: synced {minutes * 60} s ago",
    )


def test_a_catalogue_that_was_never_read_is_named(provider: Provider) -> None:
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["checks"]["catalogue"]) == (503, "sandbox: never synced")


@pytest.mark.parametrize(("seconds", "alarms"), [(50, []), (70, [("", 1)])])
def test_a_silent_worker_takes_nobody_off_the_road_and_is_told(
    db: None, seconds: int, alarms: list[tuple[str, int]]
) -> None:
    Tick.objects.create(name=watch.WORKER, at=timezone.now() - timedelta(seconds=seconds))
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["checks"]["worker"][:8]) == (200, f"ticked {seconds // 10}")
    assert open_alarms("worker_silent") == alarms


def test_a_worker_that_ticks_again_is_silent_no_more(db: None) -> None:
    Tick.objects.create(name=watch.WORKER, at=timezone.now() - timedelta(minutes=5))
    Client().get("/readyz")
    watch.look_around()
    assert Client().get("/readyz").json()["checks"]["worker"] == "ticked 0 s ago"
    assert open_alarms("worker_silent") == []
