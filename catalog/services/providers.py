from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import Min
from django.db.models.functions import Now

from catalog.breaker import Breaker
from catalog.budget import ProviderBudget
from catalog.models import BalanceReading, Offer, Provider
from catalog.services.pricing import catalogue_change, rank_anew
from catalog.upstream.adapter import SmsActivate
from catalog.upstream.types import Upstream
from jiema.alarms.services import clear_alarm, raise_alarm

EMPTY = ("NO_BALANCE", "BAD_BALANCE")
BANNED = "BANNED"
TRY_AGAIN_AFTER = timedelta(minutes=10)
"""What the balance does not tell, a purchase has to show: whether a ban is over, or a little money enough."""


def upstream_for(provider: Provider) -> Upstream:
    """The adapter to a provider, with its call budget and breaker; kept for as long as the row stays as it is."""
    rate = float(provider.calls_per_second) if provider.calls_per_second else None
    return _adapter(provider.pk, provider.dialect, provider.base_url, provider.api_key, rate, provider.burst)


@lru_cache(maxsize=64)
def _adapter(provider_id: int, dialect: str, base_url: str, api_key: str, rate: float | None, burst: int) -> Upstream:
    budget = ProviderBudget(str(provider_id), rate, burst)
    breaker = Breaker(
        settings.UPSTREAM_SEATS,
        lambda is_down: _tell_down(provider_id, is_down=is_down),
        lambda token: pause_provider(provider_id, token),
    )
    return SmsActivate(dialect, base_url, api_key, budget, breaker)


def _tell_down(provider_id: int, *, is_down: bool) -> None:
    name = Provider.objects.values_list("name", flat=True).get(pk=provider_id)
    if is_down:
        raise_alarm("provider_down", name)
    else:
        clear_alarm("provider_down", name)


def pause_provider(provider_id: int, reason: str) -> None:
    """Nothing is bought there until our account works again. reason: the provider's word."""
    running = Provider.objects.filter(pk=provider_id, paused_at=None)
    if not running.update(paused_at=Now(), pause_reason=reason[:200]):
        return
    raise_alarm("provider_account", Provider.objects.get(pk=provider_id).name, word=reason)
    rank_anew()


def resume_provider(provider_id: int) -> bool:
    """True where it was paused."""
    paused = Provider.objects.filter(pk=provider_id, paused_at__isnull=False)
    if not paused.update(paused_at=None, pause_reason=""):
        return False
    clear_alarm("provider_account", Provider.objects.get(pk=provider_id).name)
    rank_anew()
    return True


def read_balance(provider: Provider) -> BalanceReading:
    """Ask for our balance there and keep it; a paused provider whose account works again is resumed.

    One that ran empty goes on when the balance has risen, or after a while, if it is enough for anything.
    Raises UpstreamError.
    """
    asked_at = Provider.objects.values_list(Now(), flat=True).get(pk=provider.pk)
    balance = upstream_for(provider).balance()
    Provider.objects.filter(pk=provider.pk).update(balance=balance, balance_at=Now())
    if provider.paused_at and _may_work_again(provider, balance):
        resume_provider(provider.pk)
    return BalanceReading.objects.create(
        provider=provider, balance=balance, usd_rate=provider.usd_rate, read_at=asked_at
    )


def _may_work_again(provider: Provider, balance: Decimal) -> bool:
    if provider.pause_reason.startswith(EMPTY):
        has_risen = provider.balance is not None and balance > provider.balance
        return has_risen or (_is_long_paused(provider) and _can_buy(provider, balance))
    return not provider.pause_reason.startswith(BANNED) or _is_long_paused(provider)


def _is_long_paused(provider: Provider) -> bool:
    return Provider.objects.filter(pk=provider.pk, paused_at__lt=Now() - TRY_AGAIN_AFTER).exists()


def _can_buy(provider: Provider, balance: Decimal) -> bool:
    """Something at all: somebody may have paid in before the balance was read the first time after the pause."""
    in_stock = Offer.objects.filter(provider=provider, is_enabled=True, count__gt=0)
    least = in_stock.aggregate(least=Min("cost"))["least"]
    return least is not None and balance * provider.usd_rate >= least


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
