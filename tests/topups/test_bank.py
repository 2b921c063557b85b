from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from accounts.topups.errors import NotPossible
from accounts.topups.models import Approval, Slip, TopUp, TopUpTerms
from accounts.topups.services import bank
from accounts.topups.services.starting import open_payment, start_top_up
from accounts.wallet.models import Wallet
from tests.web.conftest import signed_in
from tests.web.shopping import html

pytestmark = pytest.mark.usefixtures("till")
PNG = b"\x89PNG\r\n\x1a\n rest of a picture"


@pytest.fixture
def transfer(bob: User) -> TopUp:
    """Of $20.00, told to Bob and not sent yet."""
    return open_payment(start_top_up(bob.pk, "bank", 2000))


@pytest.fixture
def large(bob: User) -> TopUp:
    """Of $600.00, which two people approve."""
    return open_payment(start_top_up(bob.pk, "bank", 60_000))


def balance(user: User) -> int:
    return Wallet.objects.get(user=user).balance_cents


def state(top_up: TopUp) -> str:
    top_up.refresh_from_db()
    return top_up.state


def test_references_differ_and_can_be_read_aloud(bob: User) -> None:
    refs = {open_payment(start_top_up(bob.pk, "bank", 2000)).gateway_ref for _ in range(5)}
    assert len(refs) == 5
    assert all(len(ref) == 14 and not set(ref[3:]) & set("01ILOU") for ref in refs)


def send(transfer: TopUp, **files: SimpleUploadedFile) -> str:
    response = signed_in(transfer.user).post(f"/account/top-up/{transfer.pk}/sent", files, follow=True)
    return html(response)


def test_the_customer_says_that_it_is_sent(transfer: TopUp) -> None:
    assert "We look for your transfer on our account" in send(transfer)
    assert (state(transfer), transfer.sent_at is not None) == ("pending", True)
    assert not Slip.objects.exists()


def test_a_slip_is_kept(transfer: TopUp) -> None:
    send(transfer, slip=SimpleUploadedFile("slip.exe", PNG, "text/html"))
    slip = Slip.objects.get()
    assert (slip.content_type, bytes(slip.body)) == ("image/png", PNG)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><script>", "has to be a JPEG or PNG picture, or a PDF"),
        (PNG + b"x" * 3_000_000, "larger than 3 MB"),
        (b"", "The submitted file is empty."),
    ],
)
def test_what_is_no_slip_is_refused(transfer: TopUp, body: bytes, words: str) -> None:
    assert words in send(transfer, slip=SimpleUploadedFile("slip.png", body, "image/png"))
    assert (state(transfer), Slip.objects.exists()) == ("created", False)


def test_another_slip_replaces_the_first(transfer: TopUp) -> None:
    send(transfer, slip=SimpleUploadedFile("a.png", PNG))
    send(transfer, slip=SimpleUploadedFile("b.pdf", b"%PDF-1.7"))
    assert Slip.objects.get().content_type == "application/pdf"


def test_one_person_approves_a_small_one(transfer: TopUp, bob: User) -> None:
    assert bank.approve(transfer.pk, Decimal(20), "ops")
    assert (state(transfer), balance(bob)) == ("credited", 2000)


def test_approved_again_it_is_credited_already(transfer: TopUp, bob: User) -> None:
    bank.approve(transfer.pk, Decimal(20), "ops")
    with pytest.raises(NotPossible):
        bank.approve(transfer.pk, Decimal(20), "boss")
    assert balance(bob) == 2000


def test_what_arrived_is_credited(transfer: TopUp, bob: User) -> None:
    bank.approve(transfer.pk, Decimal("18.50"), "ops")
    assert balance(bob) == 1850
    assert transfer.reviews.get().finding == "amount"


def test_two_people_approve_a_large_one(large: TopUp, bob: User) -> None:
    assert not bank.approve(large.pk, Decimal(600), "ops")
    assert (state(large), balance(bob)) == ("paid", 0)
    assert bank.approve(large.pk, Decimal(600), "boss")
    assert (state(large), balance(bob)) == ("credited", 60_000)


def test_one_person_is_one_however_often(large: TopUp, bob: User) -> None:
    for _ in range(3):
        assert not bank.approve(large.pk, Decimal(600), "ops")
    assert balance(bob) == 0


def test_two_have_to_have_seen_the_same_amount(large: TopUp, bob: User) -> None:
    bank.approve(large.pk, Decimal(600), "ops")
    assert not bank.approve(large.pk, Decimal(590), "boss")
    assert bank.approve(large.pk, Decimal(590), "ops")
    assert balance(bob) == 59_000


def test_the_limit_itself_needs_one(bob: User) -> None:
    TopUpTerms.objects.create(pk=1, second_person_cents=2000)
    assert bank.approve(open_payment(start_top_up(bob.pk, "bank", 2000)).pk, Decimal(20), "ops")
    assert not bank.approve(open_payment(start_top_up(bob.pk, "bank", 2001)).pk, Decimal("20.01"), "ops")


def test_a_small_wish_that_brings_much_needs_two(transfer: TopUp) -> None:
    assert not bank.approve(transfer.pk, Decimal(900), "ops")


def test_nobody_approves_a_transfer_of_their_own(transfer: TopUp, bob: User) -> None:
    with pytest.raises(NotPossible):
        bank.approve(transfer.pk, Decimal(20), bob.pk)
    assert (balance(bob), Approval.objects.exists()) == (0, False)


def test_refused_with_a_reason_that_the_customer_sees(transfer: TopUp) -> None:
    bank.refuse(transfer.pk, "ops", "No such transfer came in.")
    page = html(signed_in(transfer.user).get(f"/account/top-up/{transfer.pk}"))
    assert "No such transfer came in." in page
    assert state(transfer) == "failed"


def test_a_refusal_undoes_the_first_approval(large: TopUp, bob: User) -> None:
    bank.approve(large.pk, Decimal(600), "ops")
    bank.refuse(large.pk, "boss", "It was another customer's.")
    assert (state(large), large.payment_ref, Approval.objects.count()) == ("failed", None, 0)
    assert not bank.approve(large.pk, Decimal(600), "boss")
    assert balance(bob) == 0


def test_what_is_credited_is_not_refused(transfer: TopUp, bob: User) -> None:
    bank.approve(transfer.pk, Decimal(20), "ops")
    with pytest.raises(NotPossible):
        bank.refuse(transfer.pk, "ops", "late")
    assert balance(bob) == 2000


def test_one_that_comes_after_all_is_approved(transfer: TopUp, bob: User) -> None:
    bank.refuse(transfer.pk, "ops", "not there")
    assert bank.approve(transfer.pk, Decimal(20), "ops")
    assert balance(bob) == 2000


def test_other_payments_are_not_approved(bob: User) -> None:
    from tests.paying import wish

    with pytest.raises(NotPossible):
        bank.approve(wish(bob, 500, "stripe").pk, Decimal(5), "ops")
    assert balance(bob) == 0


def test_strangers_say_nothing_about_it(transfer: TopUp, carol: User) -> None:
    assert signed_in(carol).post(f"/account/top-up/{transfer.pk}/sent").status_code == 404
    assert Client().post(f"/account/top-up/{transfer.pk}/sent").status_code == 302
    assert state(transfer) == "created"
