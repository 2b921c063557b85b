"""What is kept of deliveries, and for how long; whose endpoint we switched off is told."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.functions import Now

from accounts import mail
from orders.webhooks.models import Attempt, Delivery, Endpoint, Off, State

KEEP_BODIES = timedelta(hours=72)
KEEP = timedelta(days=30)
ROWS_AT_ONCE = 1000
MAILS_AT_ONCE = 20
log = structlog.get_logger(__name__)


def forget() -> None:
    """Bodies and answers, which may hold SMS, after 72 hours; deliveries after 30 days, and then deleted endpoints.

    By and by: however many there are, no statement takes long, and what is done is done.
    """
    while _forget_bodies():
        pass
    while _forget_deliveries():
        pass
    Endpoint.objects.filter(deleted_at__lt=Now() - KEEP, deliveries=None).delete()


@transaction.atomic
def _forget_bodies() -> int:
    """How many. What still waits is given up with its body, so that nothing empty is ever sent."""
    some = _some(Delivery.objects.filter(created_at__lt=Now() - KEEP_BODIES, body__isnull=False))
    Attempt.objects.filter(delivery__in=some).exclude(answer="").update(answer="")
    given_up = Case(When(state=State.PENDING, then=Value(State.FAILED)), default=F("state"))
    return some.update(body=None, state=given_up, due_at=None)


@transaction.atomic
def _forget_deliveries() -> int:
    return _some(Delivery.objects.filter(created_at__lt=Now() - KEEP)).delete()[0]


def _some(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """The oldest of them, locked in the order of their ids."""
    oldest = deliveries.order_by("created_at").values_list("pk", flat=True)[:ROWS_AT_ONCE]
    locked = Delivery.objects.filter(pk__in=list(oldest)).select_for_update(no_key=True).order_by("pk")
    return Delivery.objects.filter(pk__in=list(locked.values_list("pk", flat=True)))


def tell_switched_off() -> int:
    """A mail for each endpoint that we switched off; how many were sent. A mail server that is away delays it."""
    sent = 0
    untold = Endpoint.objects.filter(disabled_because__in=[Off.GONE, Off.FAILING], told_at=None, deleted_at=None)
    for endpoint in untold.select_related("user").order_by("?")[:MAILS_AT_ONCE]:
        try:
            sent += _tell(endpoint)
        except OSError as trouble:  # smtplib's errors are among them
            log.warning("mail_server_away", error=type(trouble).__name__)
            break
    return sent


def _tell(endpoint: Endpoint) -> bool:
    """Whether a mail was sent. Raises OSError where the mail server is away; then it is still to be told."""
    if not Endpoint.objects.filter(pk=endpoint.pk, told_at=None).update(told_at=Now()):
        return False
    page = f"{settings.SITE_URL}/account/webhooks/{endpoint.pk}"
    try:
        mail.send(endpoint.user, "webhook_disabled", endpoint=endpoint, page=page)
    except SMTPRecipientsRefused:
        log.warning("mail_refused", endpoint=endpoint.pk)
        return False
    except OSError:
        Endpoint.objects.filter(pk=endpoint.pk).update(told_at=None)
        raise
    return True
