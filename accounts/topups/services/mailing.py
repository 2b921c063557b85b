"""One mail for each credit, from the rows: a mail server that is away delays it, a lost task loses nothing."""

from datetime import timedelta

import structlog
from django.conf import settings
from django.db.models.functions import Now

from accounts import mail
from accounts.topups.models import TopUp

AT_ONCE = 50
# After this long nobody needs to be told any more.
TOO_OLD = timedelta(days=2)
log = structlog.get_logger(__name__)


def mail_credits() -> int:
    """How many were sent."""
    credited = TopUp.objects.filter(mailed_at=None, credited_at__gt=Now() - TOO_OLD).select_related("user")
    return sum(_mail(top_up) for top_up in credited.order_by("credited_at")[:AT_ONCE])


def _mail(top_up: TopUp) -> bool:
    if not TopUp.objects.filter(pk=top_up.pk, mailed_at=None).update(mailed_at=Now()):
        return False
    try:
        mail.send(top_up.user, "top_up_credited", top_up=top_up, page=f"{settings.SITE_URL}/account/top-up/{top_up.pk}")
    except OSError as error:  # smtplib's errors are among them
        log.warning("mail_not_sent", top_up_id=top_up.pk, why=type(error).__name__)
        TopUp.objects.filter(pk=top_up.pk).update(mailed_at=None)
        return False
    return True
