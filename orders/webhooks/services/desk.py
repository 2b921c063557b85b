"""What a customer does at the webhook desk."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from accounts.selectors import lock_active_user
from orders.webhooks.errors import BodyGone, EndpointOff, SwitchedOffByStaff, TooManyEndpoints, TooManyOff
from orders.webhooks.models import MAX_ACTIVE, MAX_IN_ALL, Delivery, Endpoint, Off, State
from orders.webhooks.sealing import mark, new_secret, seal, unseal
from orders.webhooks.selectors import delivery_for, endpoint_for, endpoints_of
from orders.webhooks.services.announcing import announce_test, nudge
from orders.webhooks.services.switching import give_up, switch_off

OVERLAP = timedelta(hours=24)


@transaction.atomic
def add_endpoint(user_id: str, url: str, events: list[str], description: str = "") -> tuple[Endpoint, str]:
    """A new endpoint and its secret, which is told this once. url: taken by `addresses.parse`.

    Raises TooManyEndpoints, TooManyOff, Forbidden.
    """
    lock_active_user(user_id)
    _require_room(user_id)
    if endpoints_of(user_id).count() >= MAX_IN_ALL:
        raise TooManyOff
    secret = new_secret()
    endpoint = Endpoint.objects.create(
        user_id=user_id, url=url, events=sorted(events), description=description.strip(), secret=seal(secret)
    )
    return endpoint, secret


def _require_room(user_id: str) -> None:
    if Endpoint.objects.active().filter(user_id=user_id).count() >= MAX_ACTIVE:
        raise TooManyEndpoints


def change_endpoint(user_id: str, endpoint_id: str, url: str, events: list[str], description: str = "") -> None:
    """What waits goes to the new address. Raises NotFound."""
    endpoint = endpoint_for(user_id, endpoint_id)
    if url != endpoint.url:
        endpoint.failing_since = None
    endpoint.url, endpoint.events, endpoint.description = url, sorted(events), description.strip()
    endpoint.save(update_fields=["url", "events", "description", "failing_since"])


@transaction.atomic
def replace_secret(user_id: str, endpoint_id: str, replaces: str = "") -> str:
    """The new secret; for 24 hours the former one signs too. Raises NotFound.

    replaces: the mark of the secret that the page spoke of. Its form sent twice is one replacement, and both answers
    tell the same secret: else a double click would end the one in use, in favour of one that nobody saw.
    """
    endpoint = Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint_for(user_id, endpoint_id).pk)
    if endpoint.is_replacing and replaces == mark(endpoint.old_secret):
        return unseal(endpoint.secret)
    secret = new_secret()
    Endpoint.objects.filter(pk=endpoint.pk).update(
        old_secret=endpoint.secret, old_until=Now() + OVERLAP, secret=seal(secret)
    )
    return secret


def drop_old_secret(user_id: str, endpoint_id: str) -> None:
    """From the next try on only the new secret signs. Raises NotFound."""
    endpoint = endpoint_for(user_id, endpoint_id)
    Endpoint.objects.filter(pk=endpoint.pk).update(old_secret="", old_until=None)


def disable(user_id: str, endpoint_id: str) -> None:
    """Raises NotFound."""
    switch_off(endpoint_for(user_id, endpoint_id), Off.BY_CUSTOMER)


@transaction.atomic
def enable(user_id: str, endpoint_id: str) -> None:
    """From now on it is told again. Raises NotFound, TooManyEndpoints, SwitchedOffByStaff, Forbidden."""
    lock_active_user(user_id)
    endpoint = endpoint_for(user_id, endpoint_id)
    if endpoint.is_active:
        return
    if endpoint.disabled_because == Off.BY_STAFF:
        raise SwitchedOffByStaff
    _require_room(user_id)
    Endpoint.objects.filter(pk=endpoint.pk).update(
        disabled_at=None, disabled_because="", failing_since=None, told_at=None
    )


@transaction.atomic
def delete_endpoint(user_id: str, endpoint_id: str) -> None:
    """Nothing is sent to it any more, and nobody sees it. Raises NotFound."""
    endpoint = endpoint_for(user_id, endpoint_id)
    Endpoint.objects.filter(pk=endpoint.pk).update(deleted_at=Now())
    give_up(endpoint)


def send_test(user_id: str, endpoint_id: str) -> Delivery:
    """Raises NotFound, EndpointOff."""
    endpoint = endpoint_for(user_id, endpoint_id)
    if not endpoint.is_active:
        raise EndpointOff
    return announce_test(endpoint)


@transaction.atomic
def send_again(user_id: str, delivery_id: str) -> None:
    """Now: one that waits goes on with its tries, one that is over gets one more.

    Raises NotFound, EndpointOff, BodyGone.
    """
    delivery = delivery_for(user_id, delivery_id)
    if not delivery.endpoint.is_active:
        raise EndpointOff
    if delivery.body is None:
        raise BodyGone
    rows = Delivery.objects.filter(pk=delivery.pk, body__isnull=False)
    if not rows.filter(state=State.PENDING).update(due_at=Now()):
        rows.exclude(state=State.PENDING).update(state=State.PENDING, due_at=Now(), tries_left=1)
    transaction.on_commit(nudge, robust=True)
