"""What an inviter sees, and what nobody sees."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.referrals.models import Invitation, ReferralTerms, masked
from accounts.wallet import services as wallet
from orders.services.desk import pay_back
from tests.referrals.conftest import Pair, completed
from tests.web.conftest import signed_in
from tests.web.shopping import html
from tests.web.test_pages import assert_is_sound

PAGE = "/account/referral"
TAGS = re.compile("<[^>]+>")


@pytest.fixture
def site(alice: User) -> Client:
    """The pages as Alice sees them."""
    return signed_in(alice)


def words(client: Client, address: str = PAGE) -> str:
    """The page as it is read."""
    return " ".join(TAGS.sub(" ", html(client.get(address)).partition("<main")[2]).split())


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("alice@gmail.com", "a•••@g•••.com"),
        ("a@b.co.uk", "a•••@b•••.uk"),
        ("Zoë.long.name+tag@mail.example.org", "Z•••@m•••.org"),
        ("x@localhost", "x•••@l•••"),
    ],
)
def test_addresses_are_masked(email: str, shown: str) -> None:
    assert masked(email) == shown


@pytest.mark.django_db
def test_visitors_are_asked_to_sign_in(client: Client) -> None:
    assert client.get(PAGE)["Location"] == "/accounts/login/?next=/account/referral"


def test_whoever_invited_nobody_is_told_how(site: Client, alice: User) -> None:
    assert_is_sound(site, PAGE)
    page = words(site)
    assert f"http://127.0.0.1:8000/r/{alice.referral_code} Copy link" in page
    assert "You earn 10% of each completed order of everyone who signs up by your link or code." in page
    assert "Nobody yet. Send your link" in page
    assert "Latest earnings" not in page


def test_people_and_earnings(pair: Pair) -> None:
    completed(pair.shopper)
    completed(pair.shopper)
    client = signed_in(pair.inviter)
    assert_is_sound(client, PAGE)
    page = words(client)
    assert "Earned $0.06 People 1 Taken back $0.00" in page
    assert re.search(r"a•••@e•••\.com since \d+ \w+ \d{4} 2 completed orders \$0\.06", page)
    assert page.count("+$0.03") == 2
    assert pair.buyer.email not in html(client.get(PAGE))


def test_what_was_taken_back_and_what_still_will_be(pair: Pair) -> None:
    order_id = completed(pair.shopper)
    wallet.adjust(pair.inviter.pk, -2, "spent", reason="spent", actor="tests")
    pay_back(order_id, "ops", "sorry")
    page = words(signed_in(pair.inviter))
    assert "Earned $0.03 People 1 Taken back $0.01" in page
    assert "$0.02 of what is taken back was spent already; it comes out of your next earnings." in page
    assert re.search(r"a•••@e•••\.com \$0\.01 taken back \d+ \w+ \d{4}, \d\d:\d\d UTC \+\$0\.03", page)


def test_an_ended_invitation_is_marked(pair: Pair) -> None:
    Invitation.objects.update(ended_at="2026-01-01T00:00Z")
    assert "ended 0 completed orders $0.00" in words(signed_in(pair.inviter))


def test_the_rate_in_force_is_told(site: Client) -> None:
    ReferralTerms.objects.update(percent="12.50", is_open=False)
    page = words(site)
    assert "You earn 12.5% of each" in page
    assert "This is paused: orders that complete now earn nothing." in page


def test_the_invitee_does_not_see_the_inviter(pair: Pair) -> None:
    completed(pair.shopper)
    page = words(signed_in(pair.buyer))
    assert "Earned $0.00 People 0 Taken back $0.00" in page
    assert "b•••" not in page


def test_many_people_are_paged_at_one_price(alice: User, site: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            site.get(PAGE)
        return len(captured)

    Invitation.objects.create(invitee=User.objects.create(email="n0@example.com"), inviter=alice, via="link")
    few = queries()
    for number in range(1, 28):
        invitee = User.objects.create(email=f"n{number}@example.com")
        Invitation.objects.create(invitee=invitee, inviter=alice, via="link")
    assert queries() == few
    older = re.search(r'href="(\?before=\d+)"', html(site.get(PAGE)))
    assert older
    assert [words(site, PAGE + rest).count("n•••@e•••.com") for rest in ("", older[1])] == [25, 3]


def test_the_statement_does_not_tell_whose_order_it_was(pair: Pair) -> None:
    order_id = completed(pair.shopper)
    pay_back(order_id, "ops", "sorry")
    page = html(signed_in(pair.inviter).get("/account/statement")).partition("<tbody")[2]
    assert [page.count(each) for each in ("Referral earning<", "Referral earning taken back<", order_id)] == [1, 1, 0]
    assert order_id in html(signed_in(pair.buyer).get("/account/statement"))
