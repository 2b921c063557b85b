import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client

from accounts.models import User
from catalog.models import Country, Provider, Service
from catalog.upstream.sandbox import Sandbox
from orders import history
from orders.models import Order
from tests.conftest import stale, unguard
from tests.web.conftest import signed_in
from tests.web.shopping import buy, html


def rows(site: Client, query: str = "") -> list[str]:
    """The ids of the orders that the page lists, in its order."""
    page = html(site.get(f"/orders{query}"))
    return re.findall(r'<a href="/orders/(c[a-z0-9]{24})"', page)


@pytest.fixture
def three(site: Client, provider: Provider, sandbox: Sandbox) -> list[str]:
    """Newest first: waiting, cancelled, with a code."""
    addresses = [buy(site) for _ in range(3)]
    ids = [address.rpartition("/")[2] for address in addresses]
    sandbox.shop.deliver(int(Order.objects.get(pk=ids[0]).activation_id or 0), "G-417902 is your code")
    stale(ids[0])
    site.get(addresses[0])
    site.post(f"{addresses[1]}/cancel")
    for number, order_id in enumerate(ids):
        Order.objects.filter(pk=order_id).update(phone=f"+6012345678{number}")
    return ids[::-1]


def test_number_and_code_are_in_the_row(site: Client, three: list[str]) -> None:
    page = html(site.get("/orders"))
    assert rows(site) == three
    assert re.search(r"\+60 123 456 780.*417902", page, re.DOTALL)


@pytest.mark.parametrize(("status", "which"), [("WAITING", 0), ("CANCELLED", 1), ("RECEIVED", 2)])
def test_by_status(site: Client, three: list[str], status: str, which: int) -> None:
    assert rows(site, f"?status={status}") == [three[which]]


def test_by_service_and_country_of_ones_own_orders(site: Client, three: list[str], provider: Provider) -> None:
    Service.objects.create(code="wa", slug="whatsapp", name="WhatsApp")
    page = html(site.get("/orders"))
    assert '<option value="tg">Telegram</option>' in page
    assert "WhatsApp" not in page
    assert rows(site, "?service=tg&country=7") == three
    other = Country.objects.create(id=6, iso2="ID", slug="id", name="Indonesia")
    Order.objects.filter(pk=three[0]).update(country=other)
    assert rows(site, "?country=6") == three[:1]


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["service", "country"])
def test_what_was_bought_is_found_by_the_customers_own_index(column: str) -> None:
    """The one of all customers' orders would be walked through where few customers have many."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + history._USED.format(column=f"{column}_id"), {"user": "c"})
        plan = "\n".join(row for (row,) in cursor.fetchall())
    assert plan.count(f"Scan using order_list_by_{column} ") == 2


@pytest.mark.parametrize("words", ["+60 123 456 781", "60123456781", "0123456781", "012-345 6781", "6781", "781"])
def test_by_the_end_of_the_number(site: Client, three: list[str], words: str) -> None:
    assert rows(site, f"?q={words.replace('+', '%2B')}") == [three[1]]


def test_by_an_orders_id_or_its_beginning(site: Client, three: list[str]) -> None:
    assert rows(site, f"?q={three[0]}") == [three[0]]
    assert set(rows(site, f"?q={three[0][:6]}")) == set(three)


def test_nobody_finds_a_strangers_order(site: Client, carol: User, three: list[str]) -> None:
    stranger = signed_in(carol)
    assert rows(stranger, f"?q={three[0]}") == rows(stranger, "?q=6781") == []


@pytest.mark.parametrize("query", ["?q=12", "?q=%00", "?status=LOST", "?service=zz", "?since=x", "?until=9999-12-31"])
def test_what_is_no_filter_is_told(site: Client, three: list[str], query: str) -> None:
    response = site.get(f"/orders{query}")
    assert response.status_code == 200
    assert 'class="errorlist"' in html(response)


def bought_at(site: Client, moment: datetime) -> str:
    with time_machine.travel(moment):
        order_id = buy(site).rpartition("/")[2]
    unguard()
    Order.objects.filter(pk=order_id).update(created_at=moment)
    return order_id


def test_by_day_in_the_readers_time_zone(site: Client, provider: Provider) -> None:
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    late, early = (bought_at(site, midnight + timedelta(hours=hours)) for hours in (-9, 9))
    assert rows(site, "?since=2026-03-03&until=2026-03-03") == [early]
    site.cookies["tz"] = "Asia/Kuala_Lumpur"
    assert rows(site, "?since=2026-03-02&until=2026-03-02") == [late]
    assert rows(site, "?since=2026-03-04") == []


def test_the_next_page_keeps_the_filters(site: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jiema.web.PAGE_SIZE", 2)
    bought = [buy(site).rpartition("/")[2] for _ in range(3)][::-1]
    older = re.search(r'href="(\?[^"]*before=c[a-z0-9]{24})"', html(site.get("/orders?status=WAITING&service=tg")))
    assert older
    assert older.group(1).startswith("?status=WAITING&amp;service=tg&amp;before=")
    assert rows(site, older.group(1).replace("&amp;", "&")) == bought[2:]


def test_empty_states_say_what_to_do_next(site: Client, provider: Provider) -> None:
    assert 'href="/buy"' in html(site.get("/orders"))
    buy(site)
    assert "No order fits these filters." in html(site.get("/orders?status=FAILED"))


def test_a_page_costs_the_same_however_many_orders_there_are(
    site: Client, three: list[str], django_assert_num_queries: Any
) -> None:
    site.get("/orders")
    with django_assert_num_queries(9):
        assert len(rows(site, "?service=tg&q=6781")) == 1
