from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.topups.models import Finding, Payout, PayoutState, Review, Slip, TopUp, TopUpState

ROWS_AT_ONCE = 1000


def top_up_for(user_id: str, top_up_id: str) -> TopUp:
    """This user's top-up, or 404."""
    if "\0" in top_up_id:
        raise Http404
    return get_object_or_404(TopUp.objects.select_related("again_for"), pk=top_up_id, user=user_id)


def worthless(top_up: TopUp) -> list[Review]:
    """Payments in other tokens or currencies that came for this wish and brought nothing."""
    return list(Review.objects.filter(top_up=top_up, finding__in=[Finding.CURRENCY, Finding.DUST]))


def unsettled(user_id: str) -> QuerySet[TopUp]:
    """Payments that may still bring money, or take some: asked for, on their way, looked at, in dispute, paid back."""
    going_back = Payout.objects.filter(top_up=OuterRef("pk"), state__in=[PayoutState.CREATED, PayoutState.PENDING])
    return TopUp.objects.filter(
        Q(state__in=[TopUpState.PENDING, TopUpState.PAID])
        | Q(state=TopUpState.CREATED, expires_at__gt=Now())
        | Q(state=TopUpState.DISPUTED, dispute="open")
        | Exists(going_back),
        user_id=user_id,
    ).order_by("-pk")


def exported(user_id: str) -> Iterator[dict[str, Any]]:
    """Oldest first. Amounts are US cents, but for `asked` and `captured`, which are in their currency."""
    told = [
        *("id", "gateway", "state", "why", "amount_cents", "fee_cents", "currency", "asked"),
        *("captured", "captured_currency", "credited_cents", "refunded_cents", "dispute"),
        *("gateway_ref", "payment_ref", "created_at", "expires_at", "sent_at", "paid_at", "credited_at"),
    ]
    yield from TopUp.objects.filter(user_id=user_id).order_by("pk").values(*told).iterator(ROWS_AT_ONCE)


def slips(user_id: str) -> Iterator[tuple[str, bytes]]:
    """File names and bodies of what the customer showed of bank transfers."""
    for slip in Slip.objects.filter(top_up__user_id=user_id).order_by("pk").iterator(1):
        yield f"{slip.pk}.{slip.content_type.rpartition('/')[2]}", bytes(slip.body)
