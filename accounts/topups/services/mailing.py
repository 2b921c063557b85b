"""One mail for each credit, from the rows: a mail server that is away delays it, a lost task loses nothing."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import structlog
from django.conf import settings
from django.db.models.functions import Now

from accounts import mail
from accounts.topups.models import TopUp
from accounts.topups.services.timing import SECONDS_AT_MOST, within

AT_ONCE = 50
# After this long nobody needs to be told any more.
TOO_OLD = timedelta(days=2)
log = structlog.get_logger(__name__)


def mail_credits() -> int:
    """How many were sent. In any order, so that addresses which can't be reached hold up no others."""
    credited = TopUp.objects.filter(mailed_at=None, credited_at__gt=Now() - TOO_OLD).select_related("user")
    sent = 0
    for top_up in within(SECONDS_AT_MOST, credited.order_by("?")[:AT_ONCE]):
        try:
            sent += _mail(top_up)
        except OSError as trouble:  # smtplib's errors are among them
            log.warning("mail_server_away", error=type(trouble).__name__)
            break
    return sent


def _mail(top_up: TopUp) -> bool:
    """Whether a mail was sent. Raises OSError where the mail server is away; then it is still to be sent."""
    if not TopUp.objects.filter(pk=top_up.pk, mailed_at=None).update(mailed_at=Now()):
        return False
    page = f"{settings.SITE_URL}/account/top-up/{top_up.pk}"
    try:
        mail.send(top_up.user, "top_up_credited", top_up=top_up, page=page)
    except SMTPRecipientsRefused:
        log.warning("mail_refused", top_up_id=top_up.pk)
        return False
    except OSError:
        TopUp.objects.filter(pk=top_up.pk).update(mailed_at=None)
        raise
    return True
