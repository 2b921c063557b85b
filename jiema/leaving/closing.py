"""An account closes: never over money or a number that is still its customer's."""

from dataclasses import dataclass

import structlog
from django.db import transaction

from accounts import mail
from accounts import services as accounts
from accounts.models import User
from accounts.selectors import lock_active_user
from accounts.sessions import end_sessions
from accounts.topups.models import TopUp
from accounts.topups.selectors import unsettled
from accounts.wallet import services as wallet
from accounts.wallet.models import Wallet
from orders.models import OPEN, Order
from orders.selectors import orders_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ties:
    """What is still between a customer and the shop. US cents."""

    balance: int
    owed: int
    orders: list[Order]
    payments: list[TopUp]

    def __bool__(self) -> bool:
        return bool(self.balance or self.owed or self.orders or self.payments)


class Tied(Exception):
    """The account stays open; `ties` says why."""

    def __init__(self, ties: Ties) -> None:
        super().__init__("ties")
        self.ties = ties


def ties_of(user_id: str) -> Ties:
    debts = wallet.open_debts(user_id).values_list("amount_cents", "repaid_cents")
    return Ties(
        balance=Wallet.objects.get(pk=user_id).balance_cents,
        owed=sum(amount - repaid for amount, repaid in debts),
        orders=list(orders_of(user_id).filter(status__in=OPEN).select_related("service")),
        payments=list(unsettled(user_id)),
    )


def close_account(user_id: str) -> None:
    """For good: nobody signs in any more, keys are refused, the address stays taken, the books are kept.

    Raises Tied, or Forbidden where it is not open; then nothing has changed.
    """
    user = _close(user_id)
    end_sessions(user_id)
    try:
        mail.send(user, "account_closed")
    except OSError as trouble:
        log.error("mail_not_sent", template="account_closed", error=type(trouble).__name__)


@transaction.atomic(durable=True)
def _close(user_id: str) -> User:
    """Payments, vouchers and keys begin under the account's lock, purchases and refunds move its wallet: with both
    held, what has begun is seen, and what comes later finds the account closed or without money."""
    user = lock_active_user(user_id)
    wallet.hold(user_id)
    if ties := ties_of(user_id):
        raise Tied(ties)
    accounts.mark_closed(user)
    return user
