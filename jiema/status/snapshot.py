"""What the status page shows, looked up at most every few seconds by each process, however many ask."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from jiema.status.history import Past, pasts
from jiema.status.models import State
from jiema.status.probes import Figures, Reading, read, worst

KEPT_SECONDS = 5.0
PATIENCE = "2s"
VITAL = ("database", "buying", "supply")
"""While one of these is down, so is the shop."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    now: Reading
    past: Past


@dataclass(frozen=True, slots=True)
class Snapshot:
    """parts is empty, and the figures None, where the database is away."""

    at: datetime
    parts: tuple[Part, ...] = ()
    hour: Figures | None = None
    day: Figures | None = None
    sales_paused_since: datetime | None = None
    is_maintenance: bool = False

    @property
    def is_away(self) -> bool:
        return not self.parts

    @property
    def state(self) -> State:
        """Of the shop as a whole."""
        if self.is_away or self.is_maintenance:
            return State.DOWN
        if worst(each.now.state for each in self.parts if each.now.part in VITAL) == State.DOWN:
            return State.DOWN
        all_well = worst(each.now.state for each in self.parts) == State.UP
        return State.UP if all_well else State.IMPAIRED


_lock = threading.Lock()
_kept: tuple[float, Snapshot] | None = None


def snapshot() -> Snapshot:
    """At most five seconds old; while one caller looks, the others get what was seen before."""
    global _kept
    if (kept := _kept) and _is_fresh(kept):
        return kept[1]
    if not _lock.acquire(blocking=kept is None):
        return kept[1]  # type: ignore[index]  # only without one does anybody wait
    try:
        if not (_kept and _is_fresh(_kept)):
            seen = _look()
            _kept = (time.monotonic(), seen)
        return _kept[1]
    finally:
        _lock.release()


def _is_fresh(kept: tuple[float, Snapshot]) -> bool:
    return time.monotonic() - kept[0] < KEPT_SECONDS


def forget() -> None:
    global _kept
    _kept = None


def _look() -> Snapshot:
    now = timezone.now()
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
            found = read()
            past = pasts(each.part for each in found.parts)
    except (DatabaseError, InterfaceError) as error:
        log.error("status_unseen", error=type(error).__name__)
        return Snapshot(now, is_maintenance=settings.MAINTENANCE)
    parts = tuple(Part(each, past[each.part]) for each in found.parts)
    return Snapshot(now, parts, found.hour, found.day, found.sales_paused_since, is_maintenance=settings.MAINTENANCE)
