"""What is kept of deliveries, and for how long; whose endpoint we switched off is told."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import structlog
from django.conf import settings
from django.db.models.functions import Now

from accounts import mail
from orders.webhooks.models import Attempt, Delivery, Endpoint, Off, State

KEEP_BODIES = timedelta(hours=72)
KEEP = timedelta(days=30)
MAILS_AT_ONCE = 20
log = structlog.get_logger(__name__)


def forget() -> None:
    """Bodies and answers, which may hold SMS, after 72 hours; deliveries after 30 days, and then deleted endpoints."""
    too_old = Delivery.objects.filter(created_at__lt=Now() - KEEP_BODIES, body__isnull=False)
    Attempt.objects.filter(delivery__in=too_old).exclude(answer="").update(answer="")
    too_old.filter(state=State.PENDING).update(state=State.FAILED, due_at=None)
    too_old.update(body=None)
    Delivery.objects.filter(created_at__lt=Now() - KEEP).delete()
    Endpoint.objects.filter(deleted_at__lt=Now() - KEEP, deliveries=None).delete()


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
