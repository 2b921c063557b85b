"""A clock and a pair of hands: every task finds its work by a due time in the database."""

from celery import shared_task

from catalog.models import Provider
from orders.services import cancelling, idempotency, odds, reconciling, syncing


@shared_task(name="orders.sweep")
def sweep() -> None:
    for provider_id in Provider.objects.values_list("pk", flat=True):
        sweep_provider.delay(provider_id)


@shared_task(name="orders.sweep_provider", expires=6)
def sweep_provider(provider_id: int) -> None:
    reconciling.sweep(Provider.objects.get(pk=provider_id))


@shared_task(name="orders.end_due")
def end_due() -> None:
    syncing.end_due_orders()


@shared_task(name="orders.cancel_upstream")
def cancel_upstream() -> None:
    cancelling.give_back_due()


@shared_task(name="orders.forget_idempotency_keys")
def forget_idempotency_keys() -> None:
    idempotency.forget_old()


@shared_task(name="orders.roll_up_odds")
def roll_up_odds() -> None:
    odds.roll_up_odds()
