from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from accounts.selectors import require_active
from accounts.topups.errors import NoGateway
from accounts.topups.models import TopUp, TopUpState
from accounts.wallet import services as wallet
from jiema.failpoints import failpoint

SANDBOX = "sandbox"


def start_top_up(user_id: str, amount_cents: int) -> TopUp:
    """A payment to be made at the gateway. amount_cents: US cents. Raises NoGateway, Forbidden."""
    if not settings.SANDBOX_GATEWAY:
        raise NoGateway
    require_active(user_id)
    return TopUp.objects.create(user_id=user_id, gateway=SANDBOX, amount_cents=amount_cents)


@transaction.atomic
def settle_in_sandbox(top_up_id: str, *, is_paid: bool) -> TopUp:
    """What the sandbox gateway's page was told. The first answer stands; a payment is credited once.

    Raises NoGateway where no money may come from nowhere.
    """
    if not settings.SANDBOX_GATEWAY:
        raise NoGateway
    top_up = TopUp.objects.select_for_update().get(pk=top_up_id, gateway=SANDBOX)
    if top_up.state != TopUpState.CREATED:
        return top_up
    if is_paid:
        return _credit(top_up)
    top_up.state = TopUpState.FAILED
    top_up.save(update_fields=["state"])
    return top_up


def _credit(top_up: TopUp) -> TopUp:
    wallet.top_up(top_up.user_id, top_up.amount_cents, top_up.gateway, top_up.pk)
    failpoint("topup.credited")
    top_up.state, top_up.credited_at = TopUpState.CREDITED, Now()
    top_up.save(update_fields=["state", "credited_at"])
    top_up.refresh_from_db()
    return top_up
