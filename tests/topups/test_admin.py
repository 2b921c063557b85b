import csv
import io

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.topups.models import ChainAddress, Finding, PaymentMethod, Payout, Review, TopUp, TopUpTerms, WebhookEvent
from accounts.topups.sandbox.chain import Chain
from accounts.topups.services import bank
from accounts.topups.services.reviews import open_review
from accounts.topups.services.starting import open_payment, start_top_up
from accounts.wallet.models import Wallet
from jiema.api.ids import new_id
from tests.conftest import make_user
from tests.paying import pay, pay_in, wish
from tests.topups.chain import XPUB
from tests.web.conftest import signed_in
from tests.web.shopping import html

pytestmark = pytest.mark.usefixtures("till")
LIST = "/admin/topups/topup/"


def staff(name: str, *rights: str) -> Client:
    user = make_user(name)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.refresh_from_db()
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return signed_in(user)


@pytest.fixture
def ops(db: None) -> Client:
    return staff("ops", "view_topup", "change_topup", "view_payout", "change_payout", "view_review", "change_review")


@pytest.fixture
def reader(db: None) -> Client:
    return staff("reader", "view_topup", "view_payout", "view_review")


@pytest.fixture
def transfer(bob: User) -> TopUp:
    return open_payment(start_top_up(bob.pk, "bank", 2000))


def act(client: Client, address: str, action: str, row: object, **fields: str) -> str:
    return html(client.post(address, {"action": action, "_selected_action": row, **fields}, follow=True))


def balance(user: User) -> int:
    return Wallet.objects.get(user=user).balance_cents


def test_approving_asks_for_the_amount_first(ops: Client, transfer: TopUp, bob: User) -> None:
    assert "Amount that arrived" in act(ops, LIST, "approve", transfer.pk)
    assert balance(bob) == 0
    assert "is credited." in act(ops, LIST, "approve", transfer.pk, amount="20.00")
    assert balance(bob) == 2000


def test_a_second_person_is_asked_for(ops: Client, bob: User) -> None:
    TopUpTerms.objects.create(pk=1, second_person_cents=1000)
    transfer = open_payment(start_top_up(bob.pk, "bank", 2000))
    for _ in range(2):
        assert "waits for a second person" in act(ops, LIST, "approve", transfer.pk, amount="20.00")
    boss = staff("boss", "view_topup", "change_topup")
    assert "is credited." in act(boss, LIST, "approve", transfer.pk, amount="20.00")
    assert balance(bob) == 2000


def test_refusing_wants_a_note(ops: Client, transfer: TopUp) -> None:
    assert "Say what was done" in act(ops, LIST, "refuse", transfer.pk)
    assert "is refused." in act(ops, LIST, "refuse", transfer.pk, note="It did not come.")
    transfer.refresh_from_db()
    assert (transfer.state, transfer.why) == ("failed", "It did not come.")


def test_who_may_only_read_does_nothing(reader: Client, transfer: TopUp, bob: User) -> None:
    for action in ("approve", "refuse", "pay_back", "read_again"):
        act(reader, LIST, action, transfer.pk, amount="20.00", note="x")
    transfer.refresh_from_db()
    assert (transfer.state, balance(bob)) == ("created", 0)


@pytest.mark.django_db(transaction=True)
def test_paying_back_asks_and_shows_what_is_unspent(ops: Client, bob: User) -> None:
    top_up, form = pay(wish(bob, 2000, "bank")), new_id()
    assert "$20.00 are unspent." in act(ops, LIST, "pay_back", top_up.pk)
    fields = {"amount": "5.00", "reason": "asked for it", "form": form}
    for _ in range(2):
        assert "A person has to send it" in act(ops, LIST, "pay_back", top_up.pk, **fields)
    assert (balance(bob), Payout.objects.count()) == (1500, 1)
    too_much = {"amount": "15.01", "reason": "asked for it", "form": new_id()}
    assert "$15.00 of this top-up are unspent" in act(ops, LIST, "pay_back", top_up.pk, **too_much)
    payout = Payout.objects.get()
    assert "is sent." not in act(ops, "/admin/topups/payout/", "sent", payout.pk)
    assert "is sent." in act(ops, "/admin/topups/payout/", "sent", payout.pk, note="tx 5")
    payout.refresh_from_db()
    assert (payout.state, payout.gateway_ref) == ("done", "tx 5")


def test_a_slip_is_a_download_for_staff(ops: Client, reader: Client, transfer: TopUp, bob: User) -> None:
    bank.mark_sent(transfer.pk, ("application/pdf", b"%PDF-1.7"))
    address = reverse("admin:topups_slip", args=[transfer.pk])
    response = ops.get(address)
    assert (response.content, response["Content-Type"]) == (b"%PDF-1.7", "application/pdf")
    assert response["Content-Disposition"] == f'attachment; filename="{transfer.pk}.pdf"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert staff("nobody").get(address).status_code == 404
    assert signed_in(bob).get(address).status_code == 302


def test_a_review_is_settled_with_a_note(ops: Client) -> None:
    open_review(Finding.UNKNOWN, "stripe", "pi_9", "20 USD")
    review = Review.objects.get()
    act(ops, "/admin/topups/review/", "settle", review.pk, note="Refunded at Stripe")
    review.refresh_from_db()
    assert (review.note, review.settled_by) == ("Refunded at Stripe", "ops@example.com")


@pytest.mark.parametrize(
    "model", ["topup", "payout", "review", "webhookevent", "chainaddress", "paymentmethod", "topupterms"]
)
def test_the_pages_open_with_few_queries(
    admin_client: Client, model: str, transfer: TopUp, bob: User, django_assert_max_num_queries: object
) -> None:
    pay_in(bob, 500)
    WebhookEvent.objects.create(gateway="stripe", event_id="evt_1")
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        assert admin_client.get(f"/admin/topups/{model}/").status_code == 200


@pytest.fixture
def admin_client(db: None) -> Client:
    user = make_user("boss")
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    user.refresh_from_db()
    return signed_in(user)


def test_a_top_up_is_read_whole_and_never_changed(admin_client: Client, transfer: TopUp) -> None:
    page = html(admin_client.get(f"{LIST}{transfer.pk}/change/"))
    assert transfer.gateway_ref in page
    assert 'name="state"' not in page
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.get(f"{LIST}{transfer.pk}/delete/").status_code == 403


def test_terms_are_one_row(admin_client: Client) -> None:
    fields = {"is_open": "on", "balance_cap_cents": "500000", "second_person_cents": "0"}
    admin_client.post("/admin/topups/topupterms/add/", fields)
    assert (TopUpTerms.now().balance_cap_cents, TopUpTerms.objects.get().pk) == (500_000, 1)
    assert admin_client.get("/admin/topups/topupterms/add/").status_code == 403


def test_addresses_are_exported_with_what_they_hold(admin_client: Client, bob: User, shops_chain: Chain) -> None:
    PaymentMethod.objects.create(gateway="tron", currency="USDT")
    top_up = open_payment(start_top_up(bob.pk, "tron", 1000))
    shops_chain.send(top_up.gateway_ref, "12.50")
    row = ChainAddress.objects.get()
    export = {"action": "export_balances", "_selected_action": row.pk}
    response = admin_client.post("/admin/topups/chainaddress/", export)
    rows = list(csv.reader(io.StringIO(response.content.decode())))
    assert rows == [["path", "address", "usdt"], [f"m/44'/195'/0'/0/{row.pk}", top_up.gateway_ref, "12.5"]]
    assert XPUB not in response.content.decode()


def test_the_first_address_is_shown_for_comparing(admin_client: Client, shops_chain: Chain) -> None:
    PaymentMethod.objects.create(gateway="tron", currency="USDT")
    page = html(admin_client.get("/admin/topups/paymentmethod/tron/change/"))
    assert "0/1: TSeJkUh4Qv67VNFwY8LaAxERygNdy6NQZK" in page
