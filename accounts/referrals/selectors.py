import re
from dataclasses import dataclass

from django.db.models import Aggregate, Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import AccountState, User
from accounts.referrals.models import Earning, Invitation, ReferralTerms

_CODE = re.compile("[0-9a-z]{6}")


def terms() -> ReferralTerms:
    """Those in force; the usual ones where ops have not set any."""
    return ReferralTerms.objects.first() or ReferralTerms()


def find_inviter(code: str) -> User | None:
    """Whose code it is, if that account is active. People write codes in capitals, too."""
    written = code.strip().lower()
    if not _CODE.fullmatch(written):
        return None
    return User.objects.filter(referral_code=written, state=AccountState.ACTIVE).first()


def people_of(user_id: str) -> QuerySet[Invitation]:
    """Whom this user brought, with orders (that earned something) and earned (US cents, before what was taken back).

    Both are looked up for the rows that are shown, and for no others.
    """
    invitations = Invitation.objects.filter(inviter_id=user_id).select_related("invitee")
    return invitations.annotate(orders=_of_each(Count("pk")), earned=_of_each(Sum("cents")))


def _of_each(figure: Aggregate) -> Coalesce:
    earnings = Earning.objects.filter(invitation=OuterRef("pk")).values("invitation")
    return Coalesce(Subquery(earnings.annotate(figure=figure).values("figure")), 0)


def earnings_of(user_id: str) -> QuerySet[Earning]:
    """Newest first."""
    earnings = Earning.objects.filter(invitation__inviter_id=user_id)
    return earnings.select_related("invitation__invitee").order_by("-pk")


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one inviter. US cents. owed: taken back in words, and still to come out of the next shares."""

    people: int
    earned: int
    taken_back: int
    owed: int


def totals_of(user_id: str) -> Totals:
    sums = Earning.objects.filter(invitation__inviter_id=user_id).aggregate(
        earned=Sum("cents", default=0),
        taken_back=Sum("reversed_cents", default=0),
        owed=Sum(F("cents") - F("reversed_cents"), filter=Q(reversed_at__isnull=False), default=0),
    )
    return Totals(people=Invitation.objects.filter(inviter_id=user_id).count(), **sums)
