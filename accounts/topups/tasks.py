from celery import shared_task

from accounts.topups.services import confirming, inbox, mailing, payouts, reconciling


@shared_task(name="topups.follow")
def follow() -> None:
    confirming.follow_due()


@shared_task(name="topups.handle_webhooks")
def handle_webhooks() -> None:
    inbox.handle_waiting()


@shared_task(name="topups.send_payouts")
def send_payouts() -> None:
    payouts.send_waiting()


@shared_task(name="topups.mail_credits")
def mail_credits() -> None:
    mailing.mail_credits()


@shared_task(name="topups.reconcile")
def reconcile() -> None:
    reconciling.reconcile()


@shared_task(name="topups.reconcile_whole", soft_time_limit=1800, time_limit=1860)
def reconcile_whole() -> None:
    reconciling.reconcile(reconciling.WHOLE)
    inbox.forget_events()
