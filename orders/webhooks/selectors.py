from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from accounts.models import AccountState
from jiema.api.errors import NotFound
from orders.webhooks.models import TRIES, Delivery, Endpoint, State

# An event waits for an earlier one of its order while that has failed less often than this.
IN_ORDER_FOR = 3


def has_listeners() -> Exists:
    """Part of a query of orders: does anybody want to hear of this one?"""
    return Exists(Endpoint.objects.active().filter(user=OuterRef("user")))


def endpoints_of(user_id: str) -> QuerySet[Endpoint]:
    """Oldest first."""
    return Endpoint.objects.filter(user_id=user_id, deleted_at=None).order_by("pk")


def exported(user_id: str) -> Iterator[dict[str, Any]]:
    """The endpoints as their owner may have them; the secrets were shown once."""
    told = ("id", "url", "description", "events", "created_at", "disabled_at", "disabled_because")
    yield from endpoints_of(user_id).values(*told)


def endpoint_for(user_id: str, endpoint_id: str) -> Endpoint:
    """This user's, or NotFound."""
    endpoint = endpoints_of(user_id).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFound
    return endpoint


def delivery_for(user_id: str, delivery_id: str) -> Delivery:
    """This user's with its endpoint, or NotFound."""
    found = Delivery.objects.filter(endpoint__user_id=user_id, endpoint__deleted_at=None, pk=delivery_id)
    delivery = found.select_related("endpoint").first()
    if delivery is None:
        raise NotFound
    return delivery


def due() -> QuerySet[Delivery]:
    """What may be sent now, the longest due first.

    One endpoint gets one at a time, and what belongs to an account that is blocked stays here. Events of one order keep
    their order, until an earlier one has failed three times: then a later one goes ahead.
    """
    earlier = Delivery.objects.filter(
        endpoint=OuterRef("endpoint"),
        order=OuterRef("order"),
        state=State.PENDING,
        created_at__lt=OuterRef("created_at"),
        tries_left__gt=TRIES - IN_ORDER_FOR,
    )
    is_free: Any = Q(endpoint__busy_until=None) | Q(endpoint__busy_until__lt=Now())
    ready = Delivery.objects.filter(
        is_free,
        due_at__lte=Now(),
        endpoint__disabled_at=None,
        endpoint__deleted_at=None,
        endpoint__user__state=AccountState.ACTIVE,
    )
    return ready.exclude(Exists(earlier)).order_by("due_at", "created_at")
