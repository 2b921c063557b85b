"""Who brought a new customer is asked once, at the sign-up."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AccountState, User
from accounts.referrals.models import Invitation
from tests.conftest import PASSWORD

REFUSAL = "There is no such invitation code. Correct it, or leave it out."
pytestmark = pytest.mark.django_db


def sign_up(client: Client, email: str = "erin@example.com", **fields: str) -> Any:
    return client.post("/accounts/signup/", {"email": email, "password1": PASSWORD, "accept_terms": "on", **fields})


def by_link(client: Client, inviter: User) -> str:
    """The code that the form then shows and sends."""
    client.get(f"/r/{inviter.referral_code}")
    return inviter.referral_code


def test_by_link(client: Client, alice: User) -> None:
    assert sign_up(client, invitation_code=by_link(client, alice)).status_code == 302
    invitation = Invitation.objects.get()
    assert (invitation.invitee.email, invitation.inviter, invitation.via) == ("erin@example.com", alice, "link")


def test_by_code(client: Client, alice: User) -> None:
    sign_up(client, invitation_code=f" {alice.referral_code.upper()} ")
    invitation = Invitation.objects.get()
    assert (invitation.invitee.email, invitation.inviter, invitation.via) == ("erin@example.com", alice, "code")


def test_by_nobody(client: Client) -> None:
    assert sign_up(client).status_code == 302
    assert User.objects.get().email == "erin@example.com"
    assert Invitation.objects.count() == 0


def test_a_typed_code_is_meant_more_than_the_link(client: Client, alice: User, carol: User) -> None:
    by_link(client, alice)
    sign_up(client, invitation_code=carol.referral_code)
    assert (Invitation.objects.get().inviter, Invitation.objects.get().via) == (carol, "code")


def test_who_empties_the_field_is_invited_by_nobody(client: Client, alice: User) -> None:
    by_link(client, alice)
    sign_up(client, invitation_code="")
    assert Invitation.objects.count() == 0


@pytest.mark.parametrize("code", ["zzzzzz", "short", "é", "x' or 1"])
def test_a_wrong_code_is_told(client: Client, code: str) -> None:
    response = sign_up(client, invitation_code=code)
    assert response.context["form"].errors == {"invitation_code": [REFUSAL]}
    assert User.objects.count() == 0


def test_the_code_of_a_blocked_account_is_wrong(client: Client, alice: User) -> None:
    User.objects.update(state=AccountState.SUSPENDED)
    assert sign_up(client, invitation_code=alice.referral_code).context["form"].errors.keys() == {"invitation_code"}


def test_a_link_whose_account_was_blocked_since_is_forgotten(client: Client, alice: User) -> None:
    code = by_link(client, alice)
    User.objects.update(state=AccountState.CLOSED)
    assert code not in client.get("/accounts/signup/").content.decode()
    assert sign_up(client, invitation_code=code).status_code == 302
    assert (User.objects.count(), Invitation.objects.count()) == (2, 0)


def test_nobody_invites_another_address_of_their_own(client: Client, alice: User) -> None:
    response = sign_up(client, "Alice+2@example.com", invitation_code=alice.referral_code)
    assert response.context["form"].errors == {"invitation_code": [REFUSAL]}
    sign_up(client, "Alice+2@example.com", invitation_code=by_link(client, alice))
    assert (User.objects.count(), Invitation.objects.count()) == (2, 0)


def test_an_address_that_is_taken_tells_nothing(client: Client, alice: User, carol: User) -> None:
    """It looks like any sign-up, and the account stays without an inviter."""
    assert sign_up(client, carol.email, invitation_code=alice.referral_code)["Location"] == "/accounts/confirm-email/"
    assert Invitation.objects.count() == 0


def test_account_wallet_and_invitation_are_one(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: Any) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr("accounts.adapter.invite", killed)
    with pytest.raises(RuntimeError, match="killed"):
        sign_up(client, invitation_code=alice.referral_code)
    assert list(User.objects.all()) == [alice]


def test_the_field_comes_last(client: Client) -> None:
    assert list(client.get("/accounts/signup/").context["form"].fields) == [
        *("email", "password1", "invitation_code", "accept_terms"),
    ]
