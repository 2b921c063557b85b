import os
from typing import Any

from celery import Celery
from celery.signals import task_failure

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiema.settings")

app = Celery("jiema")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_failure.connect  # type: ignore[untyped-decorator]
def _a_task_failed(sender: Any = None, exception: BaseException | None = None, **told: Any) -> None:
    from jiema.alarms.services import raise_fault

    if exception:
        raise_fault(exception, task=sender.name if sender else "")
