from unittest.mock import patch

from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from catalog.models import Provider
from jiema import health


def test_the_process_answers_without_a_database() -> None:
    assert Client().get("/healthz").json() == {"ok": True}


def test_ready_when_all_is_there(db: None) -> None:
    response = Client().get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "ok": True,
        "checks": {"database": "ok", "migrations": "ok", "valkey": "ok", "catalogue": "ok"},
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


def test_a_stale_catalogue_is_named(provider: Provider) -> None:
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["catalogue"] == "not synced within 15 minutes: sandbox"
