"""The link that somebody sends, and the cookie that remembers the first."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AccountState, User
from accounts.referrals.cookie import NAME
from tests.web.conftest import signed_in

NINETY_DAYS = 90 * 24 * 3600


def code_in(client: Client) -> str:
    """What stands in the sign-up's form."""
    return str(client.get("/accounts/signup/").context["form"]["invitation_code"].value() or "")


def test_the_link_is_remembered_for_the_sign_up(client: Client, alice: User) -> None:
    response = client.get(f"/r/{alice.referral_code}")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert code_in(client) == alice.referral_code


@pytest.mark.parametrize("is_laptop", [False, True])
def test_the_cookie_is_the_browsers_secret(client: Client, alice: User, settings: Settings, is_laptop: bool) -> None:
    settings.SESSION_COOKIE_SECURE = not is_laptop
    cookie = client.get(f"/r/{alice.referral_code}").cookies[NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", NINETY_DAYS)
    assert bool(cookie["secure"]) is not is_laptop


def test_no_cache_keeps_the_redirect(client: Client, alice: User) -> None:
    response = client.get(f"/r/{alice.referral_code}")
    assert "no-store" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]
    assert "Cookie" in response["Vary"]


def test_the_first_link_counts(client: Client, alice: User, carol: User) -> None:
    client.get(f"/r/{alice.referral_code}")
    assert NAME not in client.get(f"/r/{carol.referral_code}").cookies
    assert code_in(client) == alice.referral_code


def test_after_ninety_days_another_link_counts(client: Client, alice: User, carol: User) -> None:
    client.get(f"/r/{alice.referral_code}")
    with time_machine.travel(timezone.now() + timedelta(days=89)):
        assert NAME not in client.get(f"/r/{carol.referral_code}").cookies
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        assert NAME in client.get(f"/r/{carol.referral_code}").cookies


def test_a_cookie_that_we_did_not_write_is_none(client: Client, alice: User, carol: User) -> None:
    client.cookies[NAME] = f"{carol.referral_code}:1:forged"
    assert code_in(client) == ""
    client.get(f"/r/{alice.referral_code}")
    assert code_in(client) == alice.referral_code


@pytest.mark.parametrize("code", ["zzzzzz", "x", "ABCDEFG", "%00", "a'b", "1" * 500, "é"])
@pytest.mark.django_db
def test_an_unknown_link_only_leads_to_the_front(client: Client, code: str) -> None:
    response = client.get(f"/r/{code}")
    assert (response.status_code, response["Location"], dict(response.cookies)) == (302, "/", {})


def test_a_code_in_capitals_is_the_same(client: Client, alice: User) -> None:
    client.get(f"/r/{alice.referral_code.upper()}")
    assert code_in(client) == alice.referral_code


@pytest.mark.parametrize("state", [AccountState.SUSPENDED, AccountState.CLOSED])
def test_the_link_of_a_blocked_account_is_unknown(client: Client, alice: User, state: str) -> None:
    User.objects.update(state=state)
    response = client.get(f"/r/{alice.referral_code}")
    assert (response["Location"], dict(response.cookies)) == ("/", {})


def test_who_is_signed_in_is_not_invited(alice: User, carol: User) -> None:
    response = signed_in(carol).get(f"/r/{alice.referral_code}")
    assert (response["Location"], NAME in response.cookies) == ("/", False)


def test_a_link_is_only_read(client: Client, alice: User) -> None:
    assert client.post(f"/r/{alice.referral_code}").status_code == 405
