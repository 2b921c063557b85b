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
from jiema.alarms.models import Tick
from jiema.alarms.services import raise_alarm
from jiema.watch import WORKER

MAX_CATALOGUE_AGE = timedelta(minutes=15)
WORKER_SILENT_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    detail: str


def checks() -> list[Check]:
    return [_guarded(name, probe) for name, probe in PROBES.items()]


def _guarded(name: str, probe: Callable[[], Check]) -> Check:
    try:
        return probe()
    except (DatabaseError, RedisError) as error:
        return Check(name, False, f"away ({type(error).__name__})")


def _database() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Check("database", True, "ok")


def _migrations() -> Check:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return Check("migrations", not missing, f"{len(missing)} not applied; run manage.py migrate" if missing else "ok")


def _valkey() -> Check:
    with Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.3) as client:
        client.ping()
    return Check("valkey", True, "ok")


def _catalogue() -> Check:
    """Healthy while each provider's catalogue was read within the last 15 minutes."""
    ages = {
        provider.name: timezone.now() - provider.synced_at if provider.synced_at else None
        for provider in Provider.objects.filter(is_enabled=True)
    }
    fresh = all(age is not None and age <= MAX_CATALOGUE_AGE for age in ages.values())
    return Check("catalogue", fresh, ", ".join(f"{name}: {_told(age)}" for name, age in ages.items()) or "no provider")


def _told(age: timedelta | None) -> str:
    return "never synced" if age is None else f"synced {age.total_seconds():.0f} s ago"


def _worker() -> Check:
    """The shop sells without it, so that its silence takes nobody off the road; but a person has to know."""
    seen = Tick.objects.filter(pk=WORKER).first()
    if seen is None:
        return Check("worker", True, "has not ticked yet")
    age = timezone.now() - seen.at
    if age > WORKER_SILENT_AFTER:
        raise_alarm("worker_silent", last_tick=seen.at)
    return Check("worker", True, f"ticked {age.total_seconds():.0f} s ago")


PROBES: dict[str, Callable[[], Check]] = {
    "database": _database,
    "migrations": _migrations,
    "valkey": _valkey,
    "catalogue": _catalogue,
    "worker": _worker,
}
