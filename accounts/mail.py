"""Mails to customers: two templates each, the subject's and the text's, in the language of whoever gets it."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template import Context, Engine
from django.utils import translation

from accounts.models import User
from jiema.languages import django_code

# Programs that answer mails leave these alone (RFC 3834).
HEADERS = {"Auto-Submitted": "auto-generated"}


def send(user: User, template: str, **context: object) -> None:
    """Send `templates/mail/<template>.subject.txt` and `.txt`, which see the context, `user` and `site`.

    To be called outside of transactions: it waits for the mail server. Raises OSError, of which smtplib's errors are
    children, where the server is away or refuses.
    """
    shown = context | {"user": user, "site": settings.SITE_URL}
    with translation.override(django_code(user.lang)):
        subject = " ".join(_render(f"mail/{template}.subject.txt", shown).split())
        text = _render(f"mail/{template}.txt", shown)
    EmailMessage(subject, text, to=[user.email], headers=HEADERS).send()


def _render(template: str, shown: dict[str, object]) -> str:
    """Plain text: nothing is escaped."""
    return str(Engine.get_default().get_template(template).render(Context(shown, autoescape=False)))
