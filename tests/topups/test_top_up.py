from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from accounts.topups import checks
from accounts.topups.errors import BadAmount, NoGateway, OverCap, TooManyOpen
from accounts.topups.gateways.base import Dispute, Reading, Refunded, RefundStage, Stage
from accounts.topups.models import Method, PaymentMethod, TopUp, TopUpState, TopUpTerms
from accounts.topups.services.crediting import apply_reading
from accounts.topups.services.starting import start_top_up
from accounts.wallet.models import Entry, Wallet
from jiema.api.errors import Forbidden
from tests.paying import paid, pay, pay_in, wish
from tests.web.conftest import signed_in
from tests.web.shopping import html

pytestmark = pytest.mark.usefixtures("till")


@pytest.fixture
def site(bob: User) -> Client:
    """The pages as Bob sees them, who may pay by bank transfer."""
    return signed_in(bob)


def start(site: Client, **fields: str) -> TopUp:
    answer = {"method": "bank", "amount": "12.34", "form": "f1"} | fields
    address = str(site.post("/account/top-up", answer)["Location"])
    return TopUp.objects.get(pk=address.removeprefix("/account/top-up/"))


def balance(user: User) -> int:
    return Wallet.objects.get(user=user).balance_cents


def test_an_amount_begins_a_payment(site: Client, bob: User) -> None:
    top_up = start(site)
    assert (top_up.user, top_up.amount_cents, top_up.asked, top_up.state) == (bob, 1234, Decimal("12.34"), "created")
    page = html(site.get(f"/account/top-up/{top_up.pk}"))
    assert top_up.gateway_ref in page
    assert "Test Bank" in page
    assert balance(bob) == 0


def test_a_preset_is_a_click(site: Client) -> None:
    assert start(site, preset="25", amount="").amount_cents == 2500


def test_the_same_form_is_the_same_payment(site: Client) -> None:
    """A double click, the back button, a reload."""
    assert [start(site).pk for _ in range(3)] == [TopUp.objects.get().pk] * 3


def test_another_amount_in_the_same_form_is_another_payment(site: Client) -> None:
    """Back, and the amount changed."""
    assert start(site).pk != start(site, amount="20").pk


@pytest.mark.parametrize("amount", ["0.99", "1000.01", "0", "-5", "1.234", "NaN", "x", "", "1e400"])
def test_a_bad_amount_starts_nothing(site: Client, amount: str) -> None:
    response = site.post("/account/top-up", {"amount": amount, "method": "bank", "form": "f"})
    assert response.status_code == 200
    assert 'class="errorlist"' in html(response) or "Pay in from $1.00 to $1,000.00." in html(response)
    assert not TopUp.objects.exists()


@pytest.mark.parametrize(("amount", "cents"), [("1", 100), ("1000", 100_000), ("19.99", 1999)])
def test_the_bounds_are_taken(site: Client, amount: str, cents: int) -> None:
    assert start(site, amount=amount).amount_cents == cents


@pytest.mark.parametrize("method", ["stripe", "tron", "sandbox", "nothing", ""])
def test_a_method_that_is_not_offered(site: Client, method: str) -> None:
    response = site.post("/account/top-up", {"amount": "10", "method": method, "form": "f"})
    assert response.status_code == 200
    assert not TopUp.objects.exists()


def test_ops_close_the_till(site: Client, bob: User) -> None:
    TopUpTerms.objects.create(pk=1, is_open=False)
    assert "There is no way to pay right now." in html(site.get("/account/top-up"))
    with pytest.raises(NoGateway):
        start_top_up(bob.pk, "bank", 1000)


def test_fee_and_currency_are_those_of_the_start(bob: User) -> None:
    PaymentMethod.objects.update(currency="MYR", usd_rate=Decimal("0.25"), fee_percent=2, fee_cents=30)
    top_up = start_top_up(bob.pk, "bank", 1000)
    assert (top_up.fee_cents, top_up.asked, top_up.currency) == (50, Decimal("42.00"), "MYR")
    PaymentMethod.objects.update(usd_rate=Decimal("0.20"), fee_percent=0)
    assert pay(top_up).credited_cents == 1000


def test_the_cap_of_a_balance(bob: User) -> None:
    TopUpTerms.objects.create(pk=1, balance_cap_cents=2000)
    pay_in(bob, 1500)
    with pytest.raises(OverCap, match=r"pay in \$5\.00 or less"):
        start_top_up(bob.pk, "bank", 501)
    assert start_top_up(bob.pk, "bank", 500).amount_cents == 500


def test_what_is_captured_is_credited_over_the_cap_too(bob: User) -> None:
    TopUpTerms.objects.create(pk=1, balance_cap_cents=2000)
    waiting = wish(bob, 1500)
    pay_in(bob, 1500)
    pay(waiting)
    assert balance(bob) == 3000


def test_ten_may_be_open(bob: User) -> None:
    for _ in range(10):
        start_top_up(bob.pk, "bank", 100)
    with pytest.raises(TooManyOpen):
        start_top_up(bob.pk, "bank", 100)


def test_the_suspended_start_nothing(bob: User) -> None:
    User.objects.update(state="suspended")
    with pytest.raises(Forbidden):
        start_top_up(bob.pk, "bank", 1000)


def test_what_arrives_for_the_suspended_is_credited(bob: User) -> None:
    top_up = wish(bob, 500)
    User.objects.update(state="suspended")
    pay(top_up)
    assert balance(bob) == 500


def test_a_bad_amount_names_the_bounds(bob: User) -> None:
    with pytest.raises(BadAmount, match=r"from \$1\.00 to \$1,000\.00"):
        start_top_up(bob.pk, "bank", 99)


def test_a_strangers_payment_is_not_found(site: Client, carol: User) -> None:
    top_up, stranger = start(site), signed_in(carol)
    for address, method in [("", "get"), ("/receipt", "get"), ("/pay", "post"), ("/sent", "post")]:
        assert getattr(stranger, method)(f"/account/top-up/{top_up.pk}{address}").status_code == 404
    top_up.refresh_from_db()
    assert top_up.state == "created"


WORDS = {
    Reading(Stage.OPEN): "Please pay by",
    Reading(Stage.PENDING): "Your bank is working on it",
    Reading(Stage.PENDING, confirmations=7): "7 of 19 confirmations",
    Reading(Stage.EXPIRED): "Nothing was taken",
    Reading(Stage.FAILED, why="Your card was declined."): "Your card was declined.",
}


@pytest.mark.parametrize("reading", WORDS, ids=lambda reading: f"{reading.stage}-{reading.confirmations}")
def test_each_state_before_a_payment_has_its_words(site: Client, bob: User, reading: Reading) -> None:
    top_up = wish(bob, 1000)
    TopUp.objects.update(expires_at="2100-01-01T00:00Z")
    apply_reading(top_up.pk, reading)
    assert WORDS[reading] in html(site.get(f"/account/top-up/{top_up.pk}"))


def test_the_words_after_a_payment(site: Client, bob: User) -> None:
    top_up = pay_in(bob, 1000)
    page = f"/account/top-up/{top_up.pk}"
    assert "$10.00 came in. Your balance is $10.00." in html(site.get(page))
    pay(top_up, dispute=Dispute.OPEN, disputed=top_up.asked)
    assert "Your bank has asked about this payment." in html(site.get(page))
    pay(top_up, dispute=Dispute.WON, disputed=top_up.asked)
    pay(top_up, refunds=(Refunded("re_1", "", Decimal(10), RefundStage.DONE),))
    assert "$10.00 went back to where the payment came from." in html(site.get(page))
    assert balance(bob) == 0


def test_other_tokens_are_shown_and_bring_nothing(site: Client, bob: User) -> None:
    top_up = wish(bob, 1000)
    pay(top_up, currency="token:USDT:TFalse")
    page = html(site.get(f"/account/top-up/{top_up.pk}"))
    assert "asked 10 USD, paid 10 token:USDT:TFalse" in page
    assert (top_up.state, balance(bob)) == ("created", 0)


def test_a_second_payment_is_shown_with_the_first(site: Client, bob: User) -> None:
    top_up = pay_in(bob, 1000)
    pay(top_up, ref="again")
    assert balance(bob) == 2000
    assert "A further payment came for this request: $10.00" in html(site.get(f"/account/top-up/{top_up.pk}"))
    further = TopUp.objects.get(again_for=top_up)
    assert "a further payment for the same request" in html(site.get(f"/account/top-up/{further.pk}"))


def test_the_page_of_a_partial_asks_no_more_once_it_is_over(site: Client, bob: User) -> None:
    top_up = wish(bob, 1000)
    address = f"/account/top-up/{top_up.pk}"
    assert 'hx-trigger="every 2s"' in html(site.get(address, headers={"HX-Request": "true"}))
    pay(top_up)
    answer = html(site.get(address, headers={"HX-Request": "true"}))
    assert "hx-trigger" not in answer
    assert '<b id="purse" hx-swap-oob="true">$10.00</b>' in answer


def test_a_receipt_is_of_a_payment(site: Client, bob: User) -> None:
    top_up = wish(bob, 1000)
    assert site.get(f"/account/top-up/{top_up.pk}/receipt").status_code == 404
    pay(top_up)
    assert paid(top_up).ref in html(site.get(f"/account/top-up/{top_up.pk}/receipt"))


def test_the_statement_leads_to_the_payment(site: Client, bob: User) -> None:
    top_up = pay_in(bob, 1000)
    assert f'href="/account/top-up/{top_up.pk}"' in html(site.get("/account/statement"))
    assert Entry.objects.get(wallet_id=bob.pk).reference == f"topup:{top_up.pk}"


def test_all_states_have_words_in_the_history(site: Client, bob: User) -> None:
    pay_in(bob, 1000)
    assert "On your balance" in html(site.get("/account/top-up"))
    assert {state.label for state in TopUpState} >= {"Expired", "Failed", "Paid back", "Disputed"}


def test_the_methods_are_in_ops_order(site: Client, settings: Settings) -> None:
    settings.SANDBOX_GATEWAY, settings.SANDBOX_GATEWAY_URL = True, "http://127.0.0.1:1"
    PaymentMethod.objects.filter(pk=Method.BANK).update(position=5)
    PaymentMethod.objects.create(gateway=Method.SANDBOX, title="Try it")
    page = html(site.get("/account/top-up"))
    assert page.index("Try it") < page.index("Bank transfer")


def test_a_method_without_its_keys_is_not_offered(site: Client) -> None:
    PaymentMethod.objects.create(gateway=Method.STRIPE)
    assert 'value="stripe"' not in html(site.get("/account/top-up"))


def test_free_money_in_production_is_an_error(settings: Settings) -> None:
    settings.DEBUG, settings.SANDBOX_GATEWAY = False, True
    assert [each.id for each in checks.sandbox_gateway_is_for_laptops(None)] == ["topups.E001"]


@pytest.mark.parametrize(("debug", "gateway"), [(True, True), (False, False), (True, False)])
def test_elsewhere_it_is_none(settings: Settings, debug: bool, gateway: bool) -> None:
    settings.DEBUG, settings.SANDBOX_GATEWAY = debug, gateway
    assert checks.sandbox_gateway_is_for_laptops(None) == []


def test_keys_that_make_no_sense_are_errors(settings: Settings) -> None:
    settings.TRON_XPUB, settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRETS = "xprv9s21", "sk_live_1", []
    assert [each.id for each in checks.keys_make_sense(None)] == ["topups.E002", "topups.E003"]
