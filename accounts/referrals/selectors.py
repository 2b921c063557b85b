import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Aggregate, Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import AccountState, User
from accounts.referrals.models import Earning, Invitation, ReferralTerms, masked

ROWS_AT_ONCE = 1000
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


def exported_people(user_id: str) -> Iterator[dict[str, Any]]:
    """Who brought this user, and whom they brought; other people's addresses stay masked."""
    for brought in Invitation.objects.filter(invitee_id=user_id).select_related("inviter"):
        yield {"invited_by": masked(brought.inviter.email), "via": brought.via, "created_at": brought.created_at}
    for each in people_of(user_id).order_by("pk").iterator(ROWS_AT_ONCE):
        yield {
            "invited": each.masked_invitee,
            "via": each.via,
            "created_at": each.created_at,
            "ended_at": each.ended_at,
        }


def exported_earnings(user_id: str) -> Iterator[dict[str, Any]]:
    """Oldest first. US cents. Whose order it was stays theirs."""
    told = ("created_at", "cents", "percent", "reversed_at", "reversed_cents")
    earnings = Earning.objects.filter(invitation__inviter_id=user_id).order_by("pk")
    yield from earnings.values(*told).iterator(ROWS_AT_ONCE)
