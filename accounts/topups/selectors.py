from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.topups.models import Finding, Payout, PayoutState, Review, Slip, TopUp, TopUpState

ROWS_AT_ONCE = 1000

FEW = 5
_TOOK = """
SELECT gateway, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)
FROM (SELECT gateway, extract(epoch FROM credited_at - coalesce(sent_at, paid_at)) AS seconds FROM topups_topup
      WHERE credited_at IS NOT NULL ORDER BY id DESC LIMIT 200) newest
GROUP BY gateway HAVING count(*) >= %s
"""


def usual_seconds() -> dict[str, float]:
    """Of each way to pay the median from the payment to the balance, of the newest payments; nothing of a few."""
    with connection.cursor() as cursor:
        cursor.execute(_TOOK, [FEW])
        return {gateway: max(0.0, float(seconds)) for gateway, seconds in cursor.fetchall()}


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
        | Q(state=TopUpState.CREATED) & (Q(expires_at=None) | Q(expires_at__gt=Now()))
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
