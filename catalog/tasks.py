import structlog
from celery import shared_task

from catalog.models import Provider
from catalog.services.syncing import Refused, sync_catalogue

log = structlog.get_logger(__name__)


@shared_task(name="catalog.sync")
def sync() -> None:
    """One task a provider, so that a slow one does not hold up the others."""
    for provider_id in Provider.objects.filter(is_enabled=True).values_list("pk", flat=True):
        sync_provider.delay(provider_id)


@shared_task(name="catalog.sync_provider", expires=170)
def sync_provider(provider_id: int) -> None:
    try:
        sync_catalogue(Provider.objects.get(pk=provider_id))
    except Refused:
        log.info("catalogue_stays", provider=provider_id)
