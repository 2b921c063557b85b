"""Is this instance ready to serve? One function per thing that it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

from catalog.models import Provider

MAX_CATALOGUE_AGE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    detail: str


def checks() -> list[Check]:
    return [_guarded(name, probe) for name, probe in PROBES.items()]


def _guarded(name: str, probe: Callable[[], str]) -> Check:
    """A probe returns what is wrong, or nothing."""
    try:
        trouble = probe()
    except (DatabaseError, RedisError) as error:
        trouble = f"away ({type(error).__name__})"
    return Check(name, not trouble, trouble or "ok")


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} not applied; run manage.py migrate" if missing else ""


def _valkey() -> str:
    with Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.3) as client:
        client.ping()
    return ""


def _catalogue() -> str:
    stale = [
        name
        for name, synced_at in Provider.objects.filter(is_enabled=True).values_list("name", "synced_at")
        if synced_at is None or timezone.now() - synced_at > MAX_CATALOGUE_AGE
    ]
    return f"not synced within {MAX_CATALOGUE_AGE.seconds // 60} minutes: {', '.join(stale)}" if stale else ""


PROBES: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "valkey": _valkey,
    "catalogue": _catalogue,
}
