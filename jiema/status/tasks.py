from celery import shared_task

from jiema.status import history, probes


@shared_task(name="status.record")
def record() -> None:
    history.record(probes.read().parts)
