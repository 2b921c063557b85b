from functools import lru_cache
from typing import Any

from catalog.budget import ProviderBudget
from catalog.models import Provider
from catalog.services.pricing import catalogue_change
from catalog.upstream.adapter import SmsActivate
from catalog.upstream.types import Upstream


def upstream_for(provider: Provider) -> Upstream:
    """The adapter to a provider, with its call budget; kept for as long as the row stays as it is."""
    rate = float(provider.calls_per_second) if provider.calls_per_second else None
    return _adapter(provider.pk, provider.dialect, provider.base_url, provider.api_key, rate, provider.burst)


@lru_cache(maxsize=64)
def _adapter(provider_id: int, dialect: str, base_url: str, api_key: str, rate: float | None, burst: int) -> Upstream:
    return SmsActivate(dialect, base_url, api_key, ProviderBudget(str(provider_id), rate, burst))


def set_provider(name: str, fields: dict[str, Any]) -> tuple[Provider, bool]:
    """Add or change a provider; True where it is new. Raises ValidationError."""
    with catalogue_change():
        provider = Provider.objects.filter(name=name).first() or Provider(name=name)
        created = provider.pk is None
        for field, value in fields.items():
            setattr(provider, field, value)
        provider.full_clean()
        provider.save()
    return provider, created
