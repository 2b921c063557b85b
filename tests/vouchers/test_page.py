from typing import Any

import pytest
from django.test import Client

from accounts.models import AccountState, User
from accounts.vouchers import services
from accounts.vouchers.models import Voucher, VoucherBatch
from tests.conftest import make_user
from tests.vouchers.making import balance, credits, customers, expire, make, nothing_moved
from tests.web.conftest import signed_in
from tests.web.shopping import html

pytestmark = pytest.mark.django_db

PAGE = "/account/voucher"
UNKNOWN = "ACDE-FGHJ-KMNP-QRTV"
TOO_MANY = "Too many wrong codes. Please try again in an hour."


@pytest.fixture
def site(bob: User) -> Client:
    """The pages as Bob sees them."""
    return signed_in(bob)


def send(site: Client, code: str, **extra: Any) -> Any:
    return site.post(PAGE, {"code": code}, follow=True, **extra)


def test_visitors_are_asked_to_sign_in(client: Client) -> None:
    assert client.get(PAGE)["Location"] == "/accounts/login/?next=/account/voucher"
    assert client.post(PAGE, {"code": make()[0]})["Location"] == "/accounts/login/?next=/account/voucher"
    assert nothing_moved()


def test_the_page_is_kept_nowhere(site: Client) -> None:
    response = site.get(PAGE)
    assert (response.status_code, "no-store" in response["Cache-Control"]) == (200, True)
    main = html(response).partition("<main")[2].partition("</main>")[0]
    assert main.count("<input") == 2  # the code, and the form's token
    assert "Your balance is $0.00." in html(response)


def test_a_code_is_typed_as_people_do(site: Client, bob: User) -> None:
    (code,) = make(cents=1234)
    response = send(site, f"  {code.lower().replace('-', ' ').replace('0', 'o')} ")
    assert response.redirect_chain == [(PAGE, 302)]
    assert "The voucher of $12.34 is on your account. Your balance is $12.34." in html(response)
    assert credits() == [(bob.pk, 1234)]


def test_a_second_click_is_told_the_same(site: Client, bob: User) -> None:
    (code,) = make()
    first, second = html(send(site, code)), html(send(site, code))
    said = "The voucher of $5.00 is on your account. Your balance is $5.00."
    assert (said in first, said in second, balance(bob)) == (True, True, 500)


def test_it_stands_on_the_statement(site: Client) -> None:
    send(site, make()[0])
    page = html(site.get("/account/statement"))
    assert "<td>Voucher</td>" in page
    assert "+$5.00" in page


def used(code: str) -> None:
    services.redeem(make_user("dave").pk, code)
    User.objects.filter(email="dave@example.com").update(state=AccountState.CLOSED)


def void(code: str) -> None:
    services.void_voucher(Voucher.objects.get().pk, "leaked", "ops")


def stopped(code: str) -> None:
    services.stop_batch(VoucherBatch.objects.get().pk, "leaked", "ops")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (used, "This voucher was already used by another account."),
        (lambda code: expire(), "This voucher has expired."),
        (void, "This voucher was withdrawn and is no longer valid."),
        (stopped, "This voucher was withdrawn and is no longer valid."),
    ],
)
def test_a_refusal_says_why(site: Client, bob: User, spoil: Any, said: str) -> None:
    (code,) = make()
    spoil(code)
    page = html(send(site, code))
    assert (said in page, f'value="{code}"' in page, balance(bob)) == (True, True, 0)


def test_caps_are_told(site: Client, bob: User) -> None:
    first, second = make(2)
    send(site, first)
    assert "as many vouchers of this kind as one account may" in html(send(site, second))
    spent = make(name="summer", cents=100, size=2, per_account=2, total_cap_cents=100)
    send(site, spent[0])
    assert "All the money of this offer has been given out." in html(send(site, spent[1]))
    assert balance(bob) == 600


@pytest.mark.parametrize("typed", [UNKNOWN, "x", "🎟", "<b>"])
def test_an_unknown_code_is_told(site: Client, typed: str) -> None:
    page = html(send(site, typed))
    assert "There is no voucher with this code. Please check it for typing errors." in page
    assert "<b>" not in page.replace("<b>$0.00</b>", "")
    assert nothing_moved()


@pytest.mark.parametrize("typed", ["", " ", "\x00", "x" * 101])
def test_what_is_no_text_of_a_code_is_told(site: Client, typed: str) -> None:
    assert 'class="errorlist"' in html(send(site, typed))


def test_a_suspended_customer_is_outside(site: Client, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(state=AccountState.SUSPENDED)
    assert send(site, make()[0]).redirect_chain[0][0] == "/accounts/login/?next=/account/voucher"
    assert nothing_moved()


# Guessing


def guess(site: Client, times: int, **extra: Any) -> None:
    for _ in range(times):
        assert "There is no voucher with this code." in html(send(site, UNKNOWN, **extra))


def test_ten_wrong_codes_an_hour_are_taken(site: Client) -> None:
    (code,) = make()
    guess(site, 10)
    for typed in (UNKNOWN, code):
        response = send(site, typed)
        assert (response.status_code, TOO_MANY in html(response)) == (429, True)
    assert nothing_moved()


def test_others_go_on_at_another_address(site: Client, alice: User) -> None:
    guess(site, 10)
    (code,) = make()
    assert "The voucher of $5.00 is on your account." in html(send(signed_in(alice), code))


def test_right_codes_are_never_too_many(site: Client, bob: User) -> None:
    guess(site, 9)
    for code in make(15, per_account=15):
        send(site, code)
    guess(site, 1)
    assert balance(bob) == 15 * 500


def test_refusals_of_real_codes_are_no_guesses(site: Client) -> None:
    (code,) = make()
    expire()
    for _ in range(12):
        assert "This voucher has expired." in html(send(site, code))


def test_sixty_wrong_codes_an_hour_are_taken_from_one_address(alice: User) -> None:
    for user in customers(6):
        guess(signed_in(user), 10, REMOTE_ADDR="203.0.113.7")
    assert send(signed_in(alice), UNKNOWN, REMOTE_ADDR="203.0.113.7").status_code == 429
    guess(signed_in(alice), 1, REMOTE_ADDR="203.0.113.8")
