"""A mail to whoever wants to know that the balance got low: once each time it does.

The notice goes by the ledger, not by the clock: it is told together with the wallet's newest entry, and only income
after that entry, which brought the balance up to the threshold, lets it be told again. A refund is no income, so buying
and giving back all day brings one mail.
"""

from smtplib import SMTPRecipientsRefused
from time import monotonic

import structlog
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Now

from accounts import mail
from accounts.models import AccountState, User
from accounts.wallet.models import Entry, Kind, Wallet

log = structlog.get_logger(__name__)

USUAL_CENTS = 500
MAILS_AT_ONCE = 200
SECONDS_AT_MOST = 20
INCOME = [Kind.TOP_UP, Kind.ADJUSTMENT, Kind.REFERRAL, Kind.VOUCHER]
_ENTRIES = Entry.objects.filter(wallet=OuterRef("pk"))
_NEWEST = Coalesce(Subquery(_ENTRIES.order_by("-pk").values("pk")[:1]), Value(0))


def set_threshold(user_id: str, cents: int | None) -> None:
    """Tell when the balance falls under so many US cents; None for never. One that is under already is no news."""
    is_low = Exists(Wallet.objects.filter(pk=OuterRef("pk"), balance_cents__lt=cents or 0))
    User.objects.filter(pk=user_id).update(
        low_balance_cents=cents, low_balance_told_entry=Case(When(is_low, then=_NEWEST), default=None)
    )


def tell_low_balances() -> int:
    """How many mails were sent. What is left over, or failed, is found by a later tick.

    In any order, so that addresses which nobody can reach hold up no others.
    """
    sent, end = 0, monotonic() + SECONDS_AT_MOST
    for user_id in _due().order_by("?").values_list("pk", flat=True)[:MAILS_AT_ONCE]:
        if monotonic() > end:
            break
        try:
            sent += _tell(user_id)
        except OSError as trouble:
            log.warning("mail_server_away", error=type(trouble).__name__)
            break
    return sent


def _tell(user_id: str) -> bool:
    """Whether a mail was sent. Raises OSError where the mail server is away; then it is still to be told."""
    user = _due().annotate(balance=F("wallet__balance_cents"), newest=_NEWEST).filter(pk=user_id).first()
    if user is None or not _claim(user, user.newest):
        return False
    try:
        mail.send(user, "low_balance", balance=user.balance, threshold=user.low_balance_cents)
    except SMTPRecipientsRefused as refusal:
        codes = [code for code, _ in refusal.recipients.values()]
        log.warning("mail_refused", user=user.pk, codes=codes)
        # "Not now" is tried again; an address that does not exist is not, until money came in again.
        if min(codes) < 500:
            _take_back(user, user.newest)
        return False
    except OSError:
        _take_back(user, user.newest)
        raise
    return True


def _due() -> QuerySet[User]:
    came_in = _ENTRIES.filter(
        pk__gt=OuterRef("low_balance_told_entry"),
        kind__in=INCOME,
        amount_cents__gt=0,
        balance_after__gte=OuterRef("low_balance_cents"),
    )
    return User.objects.filter(
        Q(low_balance_told_entry=None) | Exists(came_in),
        state=AccountState.ACTIVE,
        low_balance_cents__isnull=False,
        wallet__balance_cents__lt=F("low_balance_cents"),
    )


def _claim(user: User, newest: int) -> bool:
    """Nobody else tells it now, nor after a crash of ours: a lost mail is better than one that never ends."""
    unclaimed = User.objects.filter(
        pk=user.pk, low_balance_cents=user.low_balance_cents, low_balance_told_entry=user.low_balance_told_entry
    )
    return bool(unclaimed.update(low_balance_told_entry=newest, low_balance_told_at=Now()))


def _take_back(user: User, newest: int) -> None:
    claim = User.objects.filter(pk=user.pk, low_balance_cents=user.low_balance_cents, low_balance_told_entry=newest)
    claim.update(low_balance_told_entry=user.low_balance_told_entry, low_balance_told_at=user.low_balance_told_at)
