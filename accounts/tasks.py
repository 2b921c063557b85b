from celery import shared_task

from accounts import notices


@shared_task(name="accounts.low_balance")
def low_balance() -> None:
    notices.tell_low_balances()
