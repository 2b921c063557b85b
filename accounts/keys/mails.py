"""A mail for each new token, from the rows: a mail server that is away delays it, a lost task loses nothing."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from time import monotonic

import structlog
from django.conf import settings
from django.db.models.functions import Now

from accounts import mail
from accounts.models import ApiKey

AT_ONCE = 50
SECONDS_AT_MOST = 20
# After this long nobody needs to be told any more.
TOO_OLD = timedelta(days=2)
log = structlog.get_logger(__name__)


def mail_new_tokens() -> int:
    """How many were sent. In any order, so that addresses which can't be reached hold up no others."""
    due = ApiKey.objects.filter(mail_due_at__gt=Now() - TOO_OLD).select_related("user")
    sent, end = 0, monotonic() + SECONDS_AT_MOST
    for key in due.order_by("?")[:AT_ONCE]:
        if monotonic() > end:
            break
        try:
            sent += _mail(key)
        except OSError as trouble:  # smtplib's errors are among them
            log.warning("mail_server_away", error=type(trouble).__name__)
            break
    return sent


def _mail(key: ApiKey) -> bool:
    """Whether a mail was sent. Raises OSError where the mail server is away; then it is still to be sent."""
    if not ApiKey.objects.filter(pk=key.pk, mail_due_at=key.mail_due_at).update(mail_due_at=None):
        return False
    try:
        mail.send(key.user, "api_key", key=key, page=f"{settings.SITE_URL}/account/api-keys")
    except SMTPRecipientsRefused:
        log.warning("mail_refused", key_id=key.pk)
        return False
    except OSError:
        ApiKey.objects.filter(pk=key.pk, mail_due_at=None).update(mail_due_at=key.mail_due_at)
        raise
    return True
