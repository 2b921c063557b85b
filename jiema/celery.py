import os
from typing import Any

from celery import Celery
from celery.exceptions import WorkerLostError
from celery.signals import task_failure
from django.db import InterfaceError, OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiema.settings")

app = Celery("jiema")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_failure.connect  # type: ignore[untyped-decorator]
def _a_task_failed(sender: Any = None, exception: BaseException | None = None, **told: Any) -> None:
    """A database or a worker that is stopped is no fault of the task's: the watch tells of it."""
    from jiema.alarms.services import raise_fault

    if exception and not isinstance(exception, OperationalError | InterfaceError | WorkerLostError):
        raise_fault(exception, task=sender.name if sender else "")
