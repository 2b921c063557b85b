"""Alarms: a log event, a metric and a row on the desk at once."""

import json
import traceback
from collections.abc import Collection, Mapping

import structlog
from django.db import Error, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from jiema.alarms.kinds import KINDS
from jiema.alarms.models import Alarm, Tick

ITSELF = "itself"
SUBJECT_LENGTH = 200
log = structlog.get_logger(__name__)

# Raised again, an open alarm counts up. A row that another transaction holds is not waited for: an alarm may be
# raised in the middle of anything, and must never be part of a deadlock.
_RAISE = """
WITH again AS (
    UPDATE alarms_alarm SET times = times + 1, last_raised_at = now(), detail = %(detail)s::jsonb
    WHERE id = (SELECT id FROM alarms_alarm WHERE code = %(code)s AND subject = %(subject)s AND cleared_at IS NULL
                ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
)
INSERT INTO alarms_alarm (code, subject, detail)
SELECT %(code)s, %(subject)s, %(detail)s::jsonb
WHERE NOT EXISTS (
    SELECT FROM alarms_alarm WHERE code = %(code)s AND subject = %(subject)s AND cleared_at IS NULL)
"""


def raise_alarm(code: str, subject: str = "", **detail: object) -> bool:
    """True where it was not open already. code: one of KINDS. detail: values that tell more; no secrets, no SMS.

    Within a transaction the row comes with its commit. Never fails: where there is no database the log has it.
    """
    kind = KINDS[code]
    told = {name: str(value) for name, value in detail.items()}
    is_new = _write(kind.code, subject[:SUBJECT_LENGTH], told)
    emit = log.error if is_new else log.info
    emit(kind.code, subject=subject, means=kind.means, **told)
    return is_new


def raise_fault(error: BaseException, **detail: object) -> None:
    """An exception that nobody expected: one alarm for each place in the code that it comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].name}" if frames else "?"
    raise_alarm("internal_error", f"{type(error).__name__} in {place}", **detail)


def _write(code: str, subject: str, detail: dict[str, str]) -> bool:
    values = {"code": code, "subject": subject, "detail": json.dumps(detail)}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_RAISE, values)
            return bool(cursor.rowcount)
    except (Error, UnicodeError):
        return True


def clear_alarm(code: str, subject: str = "") -> None:
    """What it told is over."""
    _close(Q(code=code, subject=subject))


def hold(code: str, cases: Mapping[str, str]) -> None:
    """Open for just these subjects: new ones are raised, those that are no longer there are over. Values: details."""
    open_now = set(Alarm.objects.filter(code=code, cleared_at=None).values_list("subject", flat=True))
    found = {subject[:SUBJECT_LENGTH]: detail for subject, detail in cases.items()}
    for subject in found.keys() - open_now:
        raise_alarm(code, subject, found=found[subject])
    _close(Q(code=code, subject__in=open_now - found.keys()))


def _close(which: Q) -> None:
    for alarm in Alarm.objects.filter(which, cleared_at=None):
        if Alarm.objects.filter(pk=alarm.pk, cleared_at=None).update(cleared_at=Now(), cleared_by=ITSELF):
            log.info("alarm_over", code=alarm.code, subject=alarm.subject)


def clear_by_hand(alarm_ids: Collection[int], actor: str, note: str) -> int:
    """A person has dealt with them; how many were open."""
    rows = Alarm.objects.filter(pk__in=alarm_ids, cleared_at=None)
    return rows.update(cleared_at=Now(), cleared_by=actor, note=note)


def tick(name: str) -> None:
    """Note that what runs by the clock has run."""
    Tick.objects.update_or_create(pk=name, defaults={"at": Now()})
