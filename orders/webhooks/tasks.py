from celery import shared_task

from orders.webhooks.services import keeping, sending


@shared_task(name="webhooks.send")
def send() -> None:
    sending.send_due()


@shared_task(name="webhooks.tell_switched_off")
def tell_switched_off() -> None:
    keeping.tell_switched_off()


@shared_task(name="webhooks.forget")
def forget() -> None:
    keeping.forget()
