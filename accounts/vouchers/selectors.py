from collections.abc import Iterator
from typing import Any

from accounts.vouchers.models import Voucher


def exported(user_id: str) -> Iterator[dict[str, Any]]:
    """What a customer redeemed."""
    for each in Voucher.objects.filter(redeemed_by=user_id).select_related("batch").order_by("redeemed_at"):
        yield {"last4": each.last4, "value_cents": each.batch.value_cents, "redeemed_at": each.redeemed_at}
