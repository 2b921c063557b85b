from celery import shared_task

from accounts import notices
from accounts.keys import mails, usage


@shared_task(name="accounts.low_balance")
def low_balance() -> None:
    notices.tell_low_balances()


@shared_task(name="accounts.write_key_uses")
def write_key_uses() -> None:
    usage.write_key_uses()


@shared_task(name="accounts.mail_new_tokens")
def mail_new_tokens() -> None:
    mails.mail_new_tokens()
