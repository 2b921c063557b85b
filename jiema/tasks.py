import structlog
from celery import shared_task

from jiema import books

log = structlog.get_logger(__name__)


@shared_task(name="jiema.check_books")
def check_books() -> None:
    for breach in books.breaches():
        log.error("books_breach", check=breach.check, subject=breach.subject, detail=breach.detail)
