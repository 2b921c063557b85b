from celery import shared_task

from accounts import key_mails, key_usage, notices


@shared_task(name="accounts.low_balance")
def low_balance() -> None:
    notices.tell_low_balances()


@shared_task(name="accounts.write_key_uses")
def write_key_uses() -> None:
    key_usage.write_key_uses()


@shared_task(name="accounts.mail_new_tokens")
def mail_new_tokens() -> None:
    key_mails.mail_new_tokens()
