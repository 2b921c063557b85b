"""What the service and the database refuse, whoever asks."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import AccountState, User
from accounts.referrals.errors import InvitesItself, WrongCode
from accounts.referrals.models import Earning, Invitation, ReferralTerms, Via
from accounts.referrals.services import end_invitation, invite
from tests.referrals.conftest import Pair, completed

pytestmark = pytest.mark.django_db


def test_the_first_stands(alice: User, bob: User, carol: User) -> None:
    first = invite(alice, bob.referral_code, Via.LINK)
    assert invite(alice, carol.referral_code, Via.CODE) == first
    assert (first.inviter, first.via) == (bob, "link")


@pytest.mark.parametrize("code", ["", "zzzzzz", "toolong"])
def test_a_wrong_code(alice: User, code: str) -> None:
    with pytest.raises(WrongCode):
        invite(alice, code, Via.CODE)


@pytest.mark.parametrize("state", [AccountState.SUSPENDED, AccountState.CLOSED])
def test_a_blocked_inviter(alice: User, bob: User, state: str) -> None:
    User.objects.filter(pk=bob.pk).update(state=state)
    with pytest.raises(WrongCode):
        invite(alice, bob.referral_code, Via.CODE)


def test_nobody_invites_themselves(alice: User) -> None:
    with pytest.raises(InvitesItself):
        invite(alice, alice.referral_code, Via.CODE)
    assert Invitation.objects.count() == 0


def test_nobody_is_invited_from_below(alice: User, bob: User, carol: User) -> None:
    invite(bob, alice.referral_code, Via.CODE)
    invite(carol, bob.referral_code, Via.CODE)
    for below in (bob, carol):
        with pytest.raises(InvitesItself):
            invite(alice, below.referral_code, Via.CODE)
    assert Invitation.objects.count() == 2


def test_a_loop_that_somebody_wrote_past_us_is_walked_once(alice: User, bob: User, carol: User) -> None:
    Invitation.objects.create(invitee=alice, inviter=bob, via=Via.CODE)
    Invitation.objects.create(invitee=bob, inviter=alice, via=Via.CODE)
    assert invite(carol, bob.referral_code, Via.CODE).inviter == bob


def test_an_end_stands(pair: Pair) -> None:
    assert end_invitation(pair.invitation.pk, "ops", "abuse")
    assert not end_invitation(pair.invitation.pk, "another", "once more")
    pair.invitation.refresh_from_db()
    assert (pair.invitation.ended_by, pair.invitation.end_note) == ("ops", "abuse")


def refused(statement: str, why: str) -> None:
    with pytest.raises(IntegrityError, match=why), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_database_keeps_who_brought_whom(pair: Pair, carol: User) -> None:
    refused(f"UPDATE referrals_invitation SET inviter_id = '{carol.pk}'", "never changes")
    refused("UPDATE referrals_invitation SET via = 'link'", "never changes")
    refused("DELETE FROM referrals_invitation", "invitations are kept")
    end_invitation(pair.invitation.pk, "ops", "abuse")
    refused("UPDATE referrals_invitation SET ended_at = NULL", "an end stands")


def test_the_database_knows_no_invitation_of_oneself_and_no_second(pair: Pair, carol: User) -> None:
    with pytest.raises(IntegrityError, match="invitation_not_of_oneself"), transaction.atomic():
        Invitation.objects.create(invitee=carol, inviter=carol, via=Via.CODE)
    with pytest.raises(IntegrityError, match="invitee_id"), transaction.atomic():
        Invitation.objects.create(invitee=pair.buyer, inviter=carol, via=Via.CODE)


def test_the_database_keeps_what_was_earned(pair: Pair) -> None:
    order_id = completed(pair.shopper)
    refused("UPDATE referrals_earning SET cents = 4", "never changes")
    refused("DELETE FROM referrals_earning", "earnings are kept")
    refused("UPDATE referrals_earning SET reversed_cents = 1", "earning_reversed_within")
    refused("UPDATE referrals_earning SET reversed_cents = 4, reversed_at = now()", "earning_reversed_within")
    with pytest.raises(IntegrityError, match="order_id"), transaction.atomic():
        Earning.objects.create(order_id=order_id, invitation=pair.invitation, cents=3, percent=10)


@pytest.mark.parametrize("percent", ["50.01", "-0.01"])
def test_no_rate_beyond_a_half(percent: str) -> None:
    refused(f"UPDATE referrals_referralterms SET percent = {percent}", "referral_percent_sane")
    refused("INSERT INTO referrals_referralterms (id, percent, is_open) VALUES (2, 1, true)", "referral_terms_once")
    assert ReferralTerms.objects.get().percent == 10
