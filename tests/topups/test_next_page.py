"""From an offer to a payment and back, when the balance was too low; and how long the ways to pay take."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from accounts.models import User
from accounts.topups.models import TopUp
from tests.paying import pay
from tests.topups.test_top_up import start
from tests.web.conftest import signed_in
from tests.web.shopping import html

pytestmark = pytest.mark.usefixtures("till")


@pytest.fixture
def site(bob: User) -> Client:
    return signed_in(bob)


OFFER = "/buy?service=telegram"


def test_the_customer_goes_on_where_money_was_missing(site: Client, bob: User) -> None:
    page = html(site.get("/account/top-up", {"amount": "0.14", "next": OFFER}))
    assert "You need $0.14 more for what you chose." in page
    assert 'value="1.00"' in page  # the least that can be paid in
    top_up = start(site, next=OFFER)
    assert top_up.next_page == OFFER
    pay(top_up)
    assert f'href="{OFFER}">Go on where you were' in html(site.get(f"/account/top-up/{top_up.pk}"))


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)"),
        *("buy", "/x\x07y", "/" + "x" * 200),
    ],
)
def test_nobody_is_led_to_another_site(site: Client, elsewhere: str) -> None:
    assert 'name="next" id="id_next"' in html(site.get("/account/top-up", {"next": elsewhere}))
    assert start(site, next=elsewhere).next_page == ""


def test_the_same_wish_from_another_offer_leads_back_there(site: Client) -> None:
    first = start(site, next=OFFER)
    assert start(site, next="/buy?service=whatsapp").pk == first.pk
    first.refresh_from_db()
    assert first.next_page == "/buy?service=whatsapp"


@pytest.mark.parametrize("amount", ["-1", "x", "1e3", "0.001", "", "9999999"])
def test_what_is_no_amount_is_not_filled_in(site: Client, amount: str) -> None:
    page = html(site.get("/account/top-up", {"amount": amount, "next": OFFER}))
    assert "more for what you chose" not in page


def test_an_expired_wish_is_tried_again_as_it_was(site: Client) -> None:
    top_up = start(site, next=OFFER)
    TopUp.objects.filter(pk=top_up.pk).update(state="expired")
    again = "/account/top-up?amount=12.34&amp;next=%2Fbuy%3Fservice%3Dtelegram"
    assert again in html(site.get(f"/account/top-up/{top_up.pk}"))


def test_usual_times_are_real_once_there_are_five(site: Client, bob: User) -> None:
    assert "usually within one working day" in html(site.get("/account/top-up"))
    for number in range(5):
        top_up = start(site, form=f"n{number}", amount=str(10 + number))
        pay(top_up)
        TopUp.objects.filter(pk=top_up.pk).update(sent_at=Now() - timedelta(minutes=20))
        page = html(site.get("/account/top-up"))
        assert ("usually within one working day" in page) == (number < 4)
    assert "usually 20 minutes after you paid" in page
