import csv
import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.wallet import services as wallet
from accounts.wallet.models import Entry
from accounts.wallet.selectors import Period, Totals, entries_of, stream, totals
from catalog.models import Provider
from tests.conftest import unguard
from tests.web.shopping import buy, html


def at(entry: Entry, moment: str) -> None:
    """As if it had been made then, UTC."""
    unguard()
    Entry.objects.filter(pk=entry.pk).update(created_at=datetime.fromisoformat(moment).replace(tzinfo=UTC))


@pytest.fixture
def days(alice: User) -> User:
    """$25.00 on 1 March, +$3.00 just before the midnight of 2 March, −$1.25 just after it, +$0.10 on the 5th."""
    moments = ["2026-03-02T23:59:59.999", "2026-03-03T00:00:00", "2026-03-05T12:00:00"]
    at(Entry.objects.get(), "2026-03-01T08:00:00")
    for moment, cents in zip(moments, [300, -125, 10], strict=True):
        at(wallet.adjust(alice.pk, cents, moment, reason=f"r{cents}.", actor="tests"), moment)
    return alice


def file_of(site: Client, query: str = "") -> list[dict[str, Any]]:
    response: Any = site.get(f"/account/statement.csv{query}")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_a_period_adds_up_to_the_cent(days: User) -> None:
    march = Period(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC))
    found = totals(days.pk, march)
    assert (found, found.closing) == (Totals(2500, 300, -125), 2675)
    assert [entry.amount_cents for entry in entries_of(days.pk, march)] == [-125, 300]


def test_the_whole_statement_ends_at_the_balance(days: User) -> None:
    whole = totals(days.pk, Period())
    assert (whole.opening, whole.closing) == (0, wallet.open_wallet(days.pk).balance_cents)


def test_nobody_elses_money_is_in_it(days: User, carol: User) -> None:
    assert totals(carol.pk, Period()) == Totals(0, 1000, 0)


def test_days_begin_by_the_readers_clock(site: Client, days: User) -> None:
    """In Kuala Lumpur both movements around midnight, UTC, are in the morning of 3 March."""
    site.cookies["tz"] = "Asia/Kuala_Lumpur"
    rows = file_of(site, "?since=2026-03-03&until=2026-03-03")
    assert [row["amount_usd"] for row in rows] == ["-1.25", "3.00"]
    site.cookies["tz"] = "UTC"
    assert [row["amount_usd"] for row in file_of(site, "?since=2026-03-03&until=2026-03-03")] == ["-1.25"]


def test_the_page_shows_opening_in_out_and_closing(site: Client, days: User) -> None:
    page = html(site.get("/account/statement?since=2026-03-02&until=2026-03-04"))
    shown = re.findall(r'<dd class="sum">\s*([^<\s]+)\s*<', page)
    assert shown == ["$25.00", "+$3.00", "−$1.25", "$26.75"]


def test_a_kind_is_summed_beside_the_period(site: Client, provider: Provider) -> None:
    buy(site)
    page = html(site.get("/account/statement?kind=charge"))
    assert re.findall(r'<td class="num[^>]*>([^<]+)<', page) == ["−$0.39", "$24.61"]
    assert "$25.00" in page  # what came in meanwhile is still in the period's sums


def test_the_file_has_every_row_in_plain_numbers(site: Client, days: User) -> None:
    rows = file_of(site)
    assert [row["amount_usd"] for row in rows] == ["0.10", "-1.25", "3.00", "25.00"]
    assert [row["balance_after_usd"] for row in rows] == ["26.85", "26.75", "28.00", "25.00"]
    newest = Entry.objects.latest("pk")
    assert rows[0] == {
        "entry": str(newest.pk),
        "time_utc": "2026-03-05T12:00:00.000Z",
        "kind": "adjustment",
        "amount_usd": "0.10",
        "balance_after_usd": "26.85",
        "reference": "2026-03-05T12:00:00",
        "reason": "r10.",
    }


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_reason_is_no_formula(site: Client, alice: User, text: str) -> None:
    wallet.adjust(alice.pk, 1, "n", reason=f"{text}", actor="tests")
    Entry.objects.filter(reference="n").values_list("reason", flat=True)
    assert file_of(site)[0]["reason"].startswith("'")


def test_a_file_is_read_in_pieces(site: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.wallet.selectors.STREAMED_AT_ONCE", 2)
    for number in range(4):
        wallet.adjust(alice.pk, 1, f"n:{number}", reason="r", actor="tests")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = [entry.reference for entry in stream(entries_of(alice.pk, Period()))]
    assert found == ["n:3", "n:2", "n:1", "n:0", "funds:alice"]
    assert len(queries) == 3


@pytest.mark.parametrize("query", ["?since=yesterday", "?until=0001-01-01", "?kind=gift", "?since=9999-12-31"])
def test_what_is_no_filter_is_told(site: Client, days: User, query: str) -> None:
    response = site.get(f"/account/statement{query}")
    assert response.status_code == 200
    assert 'class="errorlist"' in html(response)
    assert site.get(f"/account/statement.csv{query}").status_code == 400


def test_the_next_page_keeps_the_filters(site: Client, alice: User) -> None:
    for number in range(30):
        wallet.adjust(alice.pk, 1, f"n:{number}", reason="r", actor="tests")
    older = re.search(
        r'href="(\?[^"]*before=\d+)"', html(site.get("/account/statement?kind=adjustment&since=2020-01-01"))
    )
    assert older
    assert older.group(1).startswith("?kind=adjustment&amp;since=2020-01-01&amp;before=")


def test_a_page_costs_the_same_however_long_the_statement_is(
    site: Client, alice: User, django_assert_num_queries: Any
) -> None:
    site.get("/account/statement")
    with django_assert_num_queries(5):
        site.get("/account/statement?since=2020-01-01")


@pytest.mark.django_db
def test_visitors_get_no_file(client: Client) -> None:
    assert client.get("/account/statement.csv")["Location"].startswith("/accounts/login/?next=/")
