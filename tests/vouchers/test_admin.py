import csv
import io
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.vouchers import services
from accounts.vouchers.models import Voucher, VoucherBatch
from tests.vouchers.making import balance, make
from tests.web.conftest import signed_in
from tests.web.shopping import html

pytestmark = pytest.mark.django_db

ADD = "/admin/vouchers/voucherbatch/add/"
BATCHES = "/admin/vouchers/voucherbatch/"
VOUCHERS = "/admin/vouchers/voucher/"
WISH = {
    "name": "spring",
    "size": "3",
    "value": "5.00",
    "expires_at_0": "2099-01-31",
    "expires_at_1": "12:00",
    "per_account": "1",
    "total_cap": "10.00",
    "note": "for the fair",
}


@pytest.fixture
def ops() -> Client:
    return signed_in(User.objects.create_superuser("ops@example.com"))


def staff(*may: str) -> Client:
    user = User.objects.create_user("helper@example.com", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=may, content_type__app_label="vouchers"))
    return signed_in(user)


def work(client: Client, address: str, action: str, pk: int, note: str = "") -> Any:
    return client.post(address, {"action": action, "_selected_action": pk, "note": note}, follow=True)


def test_a_batch_comes_as_a_file_this_once(ops: Client, bob: User) -> None:
    response = ops.post(ADD, WISH)
    batch = VoucherBatch.objects.get()
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="vouchers-{batch.pk}.csv"'
    assert "no-store" in response["Cache-Control"]
    head, *rows = csv.reader(io.StringIO(html(response)))
    assert head == ["code", "value in US dollars", "expires"]
    assert [row[1:] for row in rows] == [["5.00", "2099-01-31T12:00:00+00:00"]] * 3
    assert services.redeem(bob.pk, rows[2][0]).balance_cents == 500


def test_a_batch_is_as_it_was_wished(ops: Client) -> None:
    ops.post(ADD, WISH)
    batch = VoucherBatch.objects.get()
    assert (batch.name, batch.size, batch.value_cents, batch.per_account) == ("spring", 3, 500, 1)
    assert (batch.total_cap_cents, batch.note, batch.made_by) == (1000, "for the fair", "ops@example.com")
    assert batch.vouchers.count() == 3


def test_afterwards_nobody_reads_a_code(ops: Client) -> None:
    codes = [row[0] for row in csv.reader(io.StringIO(html(ops.post(ADD, WISH))))][1:]
    batch, voucher = VoucherBatch.objects.get(), Voucher.objects.first()
    pages = [BATCHES, VOUCHERS, f"{BATCHES}{batch.pk}/change/", f"{VOUCHERS}{voucher.pk}/change/"]
    shown = "".join(html(ops.get(page)) for page in [*pages, f"{BATCHES}{batch.pk}/history/", "/admin/"])
    assert [code for code in codes if code[:9] in shown or code.replace("-", "")[:8] in shown] == []
    assert "digest" not in shown.lower()


def test_expiry_and_cap_may_be_left_out(ops: Client) -> None:
    ops.post(ADD, WISH | {"expires_at_0": "", "expires_at_1": "", "total_cap": ""})
    batch = VoucherBatch.objects.get()
    assert (batch.expires_at, batch.total_cap_cents) == (None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": "0"},
        {"size": "10001"},
        {"value": "0"},
        {"value": "-1"},
        {"value": "0.001"},
        {"value": "1000.01"},
        {"value": "NaN"},
        {"per_account": "0"},
        {"total_cap": "4.99"},
        {"expires_at_0": "2020-01-01"},
        {"name": ""},
    ],
)
def test_a_wrong_wish_makes_nothing(ops: Client, wrong: dict[str, str]) -> None:
    response = ops.post(ADD, WISH | wrong)
    assert (response.status_code, "errorlist" in html(response)) == (200, True)
    assert not VoucherBatch.objects.exists()


def test_the_same_form_again_makes_no_second_batch(ops: Client) -> None:
    ops.post(ADD, WISH)
    assert "There is a batch of this name. If its file of codes was lost" in html(ops.post(ADD, WISH))
    assert Voucher.objects.count() == 3


def test_ten_thousand_codes_take_few_queries(ops: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(25):
        response = ops.post(ADD, WISH | {"size": "10000"})
    codes = re.findall(r"^[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}(?=,)", html(response), re.MULTILINE)
    assert len(set(codes)) == 10_000 == Voucher.objects.count()


def test_who_may_add_batches_may(db: None) -> None:
    assert staff("add_voucherbatch", "view_voucherbatch").post(ADD, WISH)["Content-Type"].startswith("text/csv")


@pytest.mark.parametrize("may", [[], ["view_voucherbatch", "change_voucherbatch", "view_voucher", "change_voucher"]])
def test_staff_without_the_right_make_none(may: list[str]) -> None:
    helper = staff(*may)
    assert (helper.get(ADD).status_code, helper.post(ADD, WISH).status_code) == (403, 403)
    assert not VoucherBatch.objects.exists()


def test_a_batch_is_never_changed_or_deleted(ops: Client) -> None:
    make()
    batch, voucher = VoucherBatch.objects.get(), Voucher.objects.get()
    for address in (f"{BATCHES}{batch.pk}/", f"{VOUCHERS}{voucher.pk}/"):
        assert ops.post(f"{address}change/", WISH).status_code == 403
        assert ops.post(f"{address}delete/", {"post": "yes"}).status_code == 403
    assert ops.get(f"{VOUCHERS}add/").status_code == 403
    batch.refresh_from_db()
    assert (batch.value_cents, batch.vouchers.count()) == (500, 1)


def test_the_list_counts_what_was_redeemed(ops: Client, alice: User, bob: User) -> None:
    codes = make(5)
    for user, code in ((alice, codes[0]), (bob, codes[1])):
        services.redeem(user.pk, code)
    services.void_voucher(Voucher.objects.filter(redeemed_by=None).first().pk, "leaked", "ops")
    cells = re.findall(r'class="field-(redeemed|given_out|left)[^>]*>([^<]+)<', html(ops.get(BATCHES)))
    assert cells == [("redeemed", "2"), ("given_out", "$10.00"), ("left", "2")]


def test_the_lists_take_few_queries(ops: Client, bob: User) -> None:
    for number in range(30):
        services.redeem(bob.pk, make(3, name=f"batch {number}")[0])
    for address in (BATCHES, VOUCHERS):
        ops.get(address)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert ops.get(address, {"q": "b"}).status_code == 200
        assert len(asked) <= 15


def test_a_voucher_is_found_by_its_end_its_redeemer_and_its_batch(ops: Client, bob: User) -> None:
    code, _ = make(2)
    make(name="summer")
    services.redeem(bob.pk, code)

    def rows(query: str) -> int:
        return html(ops.get(VOUCHERS, {"q": query})).count('class="action-select"')

    assert [rows(query) for query in ("bob@example.com", "spring", "summer", "nobody")] == [1, 2, 1, 0]
    assert rows(code[-4:]) == Voucher.objects.filter(last4=code[-4:]).count() == 1


def test_a_redemption_is_shown_with_time_and_who(ops: Client, bob: User) -> None:
    services.redeem(bob.pk, make()[0])
    row = html(ops.get(VOUCHERS))
    assert "bob@example.com" in row
    assert re.search(r'class="field-redeemed_at nowrap">\w+\.? \d+, \d{4}, ', row)


def test_ops_stop_a_batch_and_say_why(ops: Client) -> None:
    make()
    batch = VoucherBatch.objects.get()
    assert "Say what was done" in html(work(ops, BATCHES, "stop", batch.pk))
    assert "Stopped: 1." in html(work(ops, BATCHES, "stop", batch.pk, "leaked"))
    assert "Stopped: 0." in html(work(ops, BATCHES, "stop", batch.pk, "again"))
    batch.refresh_from_db()
    assert (batch.stopped_by, batch.stop_reason) == ("ops@example.com", "leaked")


def test_ops_void_a_code_and_say_why(ops: Client) -> None:
    make()
    voucher = Voucher.objects.get()
    assert "Say what was done" in html(work(ops, VOUCHERS, "void", voucher.pk))
    assert "Voided: 1 of 1." in html(work(ops, VOUCHERS, "void", voucher.pk, "leaked"))
    assert "Voided: 0 of 1." in html(work(ops, VOUCHERS, "void", voucher.pk, "again"))
    voucher.refresh_from_db()
    assert (voucher.voided_by, voucher.void_reason) == ("ops@example.com", "leaked")


def test_a_redeemed_code_is_not_voided(ops: Client, bob: User) -> None:
    services.redeem(bob.pk, make()[0])
    assert "Voided: 0 of 1." in html(work(ops, VOUCHERS, "void", Voucher.objects.get().pk, "late"))
    assert balance(bob) == 500


def test_staff_who_only_look_work_on_nothing(db: None) -> None:
    make()
    helper = staff("view_voucherbatch", "view_voucher")
    work(helper, BATCHES, "stop", VoucherBatch.objects.get().pk, "x")
    work(helper, VOUCHERS, "void", Voucher.objects.get().pk, "x")
    assert VoucherBatch.objects.filter(stopped_at=None).count() == Voucher.objects.filter(void_at=None).count() == 1
