"""Every kind of alarm with its fault injected: on the desk, in the log, in the metrics; and over when it is over."""

import re
from typing import Any

import pytest
from django.conf import settings
from structlog.testing import capture_logs

from jiema.alarms.kinds import KINDS
from jiema.alarms.models import Alarm
from tests.alarms import at_providers, of_orders, of_ours, of_payments
from tests.alarms.scene import FAULTS, SECRETS, Fault, Scene, figures, open_alarms

__all__ = ["at_providers", "of_orders", "of_ours", "of_payments"]  # they register their faults
REAL_TRANSACTIONS = pytest.mark.django_db(transaction=True)
RUNBOOK = settings.BASE_DIR / "docs" / "runbook.md"


def cases() -> list[Any]:
    return [
        pytest.param(each, id=str(each), marks=[REAL_TRANSACTIONS] if each.code == "database_away" else [])
        for each in FAULTS
    ]


@pytest.mark.parametrize("fault", cases())
def test_a_fault_raises_its_alarm(scene: Scene, fault: Fault) -> None:
    story = fault.happens(scene)
    with capture_logs() as first:
        subject = next(story)
    assert open_alarms(fault.code) == [(subject, 1)]
    assert levels(first, fault.code, subject) == ["error"]
    assert (told("jiema_alarms_open", fault), told("jiema_alarms_total", fault)) == (1, 1)

    with capture_logs() as again:
        times = next(story)
    assert open_alarms(fault.code) == [(subject, times)]
    assert levels(again, fault.code, subject) == ["info"] * (int(str(times)) - 1)
    assert (told("jiema_alarms_open", fault), told("jiema_alarms_total", fault)) == (1, times)

    next(story, None)
    is_over = [(alarm.cleared_at is not None, alarm.cleared_by) for alarm in Alarm.objects.filter(code=fault.code)]
    ends_by_itself = KINDS[fault.code].ends_by_itself
    assert is_over == [(True, "itself") if ends_by_itself else (False, "")]
    assert (told("jiema_alarms_open", fault), told("jiema_alarms_total", fault)) == (not ends_by_itself, times)
    tells_no_secret(scene, [*first, *again])


def levels(logs: list[Any], code: str, subject: object) -> list[str]:
    """At which levels the event of this alarm was logged."""
    return [entry["log_level"] for entry in logs if entry["event"] == code and entry.get("subject") == subject]


def told(metric: str, fault: Fault) -> float:
    return figures()[metric, fault.code]


def tells_no_secret(scene: Scene, logs: list[Any]) -> None:
    shown = f"{[*Alarm.objects.values()]} {[entry for entry in logs if entry['event'] in KINDS]}"
    token = scene.shopper.api.token or ""
    assert [name for name, secret in {**SECRETS, "customer's key": token}.items() if secret in shown] == []


def test_every_kind_has_its_fault() -> None:
    assert {each.code for each in FAULTS} == set(KINDS)


def test_a_kind_that_was_never_raised_is_in_the_metrics_from_the_first_day(scene: Scene) -> None:
    raised, is_open = figures(), dict.fromkeys(KINDS, 0.0)
    assert {code: raised["jiema_alarms_total", code] for code in KINDS} == is_open
    assert {code: raised["jiema_alarms_open", code] for code in KINDS} == is_open


def test_the_runbook_has_a_heading_for_every_kind() -> None:
    headings = re.findall(r"^#+ +`?([a-z_]+)", RUNBOOK.read_text(), re.MULTILINE)
    assert [code for code in KINDS if code not in headings] == []
