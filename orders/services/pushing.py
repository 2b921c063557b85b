"""SMS that providers push to us. There is no signature: the address is the secret."""

from dataclasses import dataclass

from django.db import transaction

from catalog.models import Provider
from catalog.upstream.types import Sms
from jiema.alarms.services import raise_alarm
from jiema.api.errors import NotFound
from orders.models import Order, Status
from orders.services.syncing import store_sms


@dataclass(frozen=True, slots=True)
class Push:
    activation_id: str
    sms: Sms


def provider_for(secret: str, address: str) -> Provider:
    """Raises NotFound for an unknown secret, and for an address that is not on the provider's list."""
    provider = Provider.objects.filter(push_secret=secret).first()
    if provider is None:
        raise NotFound
    allowed = {part.strip() for part in provider.push_addresses.split(",") if part.strip()}
    if allowed and address not in allowed:
        raise_alarm("push_from_stranger", provider.name, address=address)
        raise NotFound
    return provider


@transaction.atomic
def accept_push(provider: Provider, push: Push) -> bool:
    """Store a pushed SMS on our open order; True where it is new.

    Anything else is answered alike and changes nothing: repeats, unknown ids, orders that are over.
    """
    order = (
        Order.objects.select_for_update()
        .filter(provider=provider, activation_id=push.activation_id)
        .exclude(status=Status.COMPLETED)
        .first()
    )
    return order is not None and store_sms(order, push.sms, "push_key")
