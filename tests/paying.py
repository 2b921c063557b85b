"""Payments as a gateway would tell of them."""

from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.topups.gateways.base import Paid
from accounts.topups.models import TopUp
from accounts.topups.services.crediting import apply_payment
from jiema.api.ids import new_id

GATEWAY = "sandbox"


def wish(user: User | str, cents: int, gateway: str = GATEWAY) -> TopUp:
    """Of a customer who has not paid yet. user: or the id."""
    user_id = user if isinstance(user, str) else user.pk
    return TopUp.objects.create(
        user_id=user_id,
        gateway=gateway,
        amount_cents=cents,
        asked=Decimal(cents) / 100,
        gateway_ref=f"wish-{new_id()}",
    )


def paid(top_up: TopUp, **facts: Any) -> Paid:
    """The whole of what was asked, unless the facts differ."""
    told = {"ref": f"pay-{top_up.pk}", "amount": top_up.asked, "currency": top_up.currency, "at": timezone.now()}
    return Paid(**told | {"top_up_id": top_up.pk} | facts)


def pay(top_up: TopUp, **facts: Any) -> TopUp:
    apply_payment(top_up.pk, paid(top_up, **facts))
    top_up.refresh_from_db()
    return top_up


def pay_in(user: User | str, cents: int) -> TopUp:
    return pay(wish(user, cents))
