"""Who brought whom, and the inviter's share of what they buy.

Locks are taken in the house's order: the order's row by the caller, then the inviter's wallet. Where an order's price
goes back, its customer's wallet is locked before the inviter's; nobody's chain of inviters comes back to them, so two
of those never wait for each other.
"""

from decimal import Decimal

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import AccountState, User
from accounts.referrals.errors import InvitesItself, WrongCode
from accounts.referrals.models import Earning, Invitation, Via
from accounts.referrals.selectors import find_inviter, terms
from accounts.wallet import services as wallet
from accounts.wallet.errors import Insufficient
from accounts.wallet.models import Wallet

log = structlog.get_logger(__name__)

# UNION drops what was there before: it ends even where somebody wrote a loop past us.
_IS_ABOVE = """
WITH RECURSIVE above AS (
    SELECT %(inviter)s::varchar COLLATE "C" AS id
    UNION SELECT i.inviter_id FROM referrals_invitation i JOIN above ON i.invitee_id = above.id
)
SELECT EXISTS (SELECT FROM above WHERE id = %(invitee)s)
"""


@transaction.atomic
def invite(invitee: User, code: str, via: Via) -> Invitation:
    """Remember at the sign-up who brought this user; the first stands. Raises WrongCode, InvitesItself."""
    inviter = find_inviter(code)
    if inviter is None:
        raise WrongCode
    if _is_above(inviter.pk, invitee.pk) or is_same_mailbox(inviter.email, invitee.email):
        raise InvitesItself
    return Invitation.objects.get_or_create(invitee=invitee, defaults={"inviter": inviter, "via": via})[0]


def _is_above(inviter_id: str, invitee_id: str) -> bool:
    """The invitee is the inviter, or brought them, be it over others."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_ABOVE, {"inviter": inviter_id, "invitee": invitee_id})
        return bool(cursor.fetchone()[0])


def is_same_mailbox(one: str, other: str) -> bool:
    """ann+shop@example.com is ann@example.com."""
    return _mailbox(one) == _mailbox(other)


def _mailbox(email: str) -> tuple[str, str]:
    name, _, domain = email.lower().partition("@")
    return name.partition("+")[0], domain


def end_invitation(invitation_id: int, actor: str, note: str) -> bool:
    """It earns nothing any more; what was earned stays. True where it stood until now."""
    standing = Invitation.objects.filter(pk=invitation_id, ended_at=None)
    ended = bool(standing.update(ended_at=Now(), ended_by=actor, end_note=note[:200]))
    if ended:
        log.info("invitation_ended", invitation_id=invitation_id, actor=actor, note=note)
    return ended


def share(order_id: str, buyer_id: str, price_cents: int) -> None:
    """An order has completed: its buyer's inviter gets the share, once. In the caller's transaction.

    price_cents: US cents; the share is rounded down. One query where nobody invited the buyer.
    """
    invitation = Invitation.objects.filter(
        invitee_id=buyer_id, ended_at=None, inviter__state=AccountState.ACTIVE
    ).first()
    if invitation is not None:
        _earn(invitation, order_id, price_cents)


def share_of(price_cents: int, percent: Decimal) -> int:
    """US cents, rounded down."""
    return int(price_cents * percent // 100)


def _earn(invitation: Invitation, order_id: str, price_cents: int) -> None:
    now = terms()
    cents = share_of(price_cents, now.percent)
    if not now.is_open or not cents:
        return
    values = {"invitation": invitation, "cents": cents, "percent": now.percent}
    _, is_new = Earning.objects.get_or_create(order_id=order_id, defaults=values)
    if is_new:
        wallet.earn(invitation.inviter_id, cents, order_id)
        _settle_owed(invitation.inviter_id, cents)


def _settle_owed(inviter_id: str, income_cents: int) -> None:
    """Out of the share that has just come in, under the wallet's lock that its entry holds. The oldest first."""
    owed = Earning.objects.select_for_update(of=("self",)).filter(
        invitation__inviter_id=inviter_id, reversed_at__isnull=False, reversed_cents__lt=F("cents")
    )
    for earning in owed.order_by("pk"):
        income_cents -= _take(earning, inviter_id, income_cents)


@transaction.atomic
def take_back(order_id: str) -> None:
    """The order's price went back to its customer, so its share goes back, too: once.

    What the inviter's wallet holds is taken now, and the rest comes out of the next shares.
    """
    if not Earning.objects.filter(order_id=order_id, reversed_at=None).update(reversed_at=Now()):
        return
    earning = Earning.objects.select_related("invitation").get(order_id=order_id)
    _take(earning, earning.invitation.inviter_id, earning.cents)


def _take(earning: Earning, inviter_id: str, at_most: int) -> int:
    """Take back what the wallet holds of a reversed, locked earning; the US cents taken."""
    while cents := min(at_most, earning.owed_cents, _balance(inviter_id)):
        try:
            wallet.take_earning_back(inviter_id, cents, f"order:{earning.order_id}:{earning.reversed_cents}")
        except Insufficient:  # it was spent between the look and the taking
            continue
        earning.reversed_cents += cents
        earning.save(update_fields=["reversed_cents"])
        return cents
    return 0


def _balance(user_id: str) -> int:
    return Wallet.objects.values_list("balance_cents", flat=True).get(pk=user_id)
