from datetime import datetime, timedelta

from celery import shared_task
from django.db.models import QuerySet
from django.utils import timezone

from jiema import books, watch
from jiema.alarms.models import Alarm
from jiema.alarms.services import raise_alarm
from orders.services.stopping import stop_sales

RECENT = timedelta(days=1)
ALARMS_AT_MOST = 50


@shared_task(name="jiema.check_books")
def check_books() -> None:
    """What moved within a day; orders live for minutes, so nothing is missed."""
    tell_breaches(timezone.now() - RECENT)


@shared_task(name="jiema.check_all_books")
def check_all_books() -> None:
    tell_breaches(None)


def tell_breaches(since: datetime | None) -> None:
    """An alarm for each; where money may be lost at this moment, no number is sold until a person has looked."""
    found = [breach for breach in books.breaches(since) if not _is_dealt_with(breach)]
    for rule in dict.fromkeys(breach.check for breach in found if breach.stops_sales and _is_news(breach)):
        stop_sales(f"The books: {rule}")
    for breach in found[:ALARMS_AT_MOST]:
        raise_alarm(
            "books_breach",
            f"{breach.check}: {breach.subject}",
            found=breach.detail,
            remedy=breach.remedy,
            breaches=len(found),
        )


@shared_task(name="jiema.watch")
def watch_shop() -> None:
    watch.look_around()


@shared_task(name="jiema.read_balances")
def read_balances() -> None:
    watch.read_balances()


def _alarms(breach: books.Breach) -> QuerySet[Alarm]:
    subject = f"{breach.check}: {breach.subject}"[:200]
    return Alarm.objects.filter(code="books_breach", subject=subject)


def _is_news(breach: books.Breach) -> bool:
    """Sales were not stopped for it before, or by somebody who lifted the stop since."""
    return not _alarms(breach).filter(cleared_at=None).exists()


def _is_dealt_with(breach: books.Breach) -> bool:
    """A person has put it right as far as a ledger can be that is only ever added to."""
    return _alarms(breach).filter(cleared_at__isnull=False, detail__found=breach.detail).exists()
