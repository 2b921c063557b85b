"""The small address that open pages ask: what it tells, to whom, and what it costs."""

import re
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from catalog.models import OfferOdds, Provider
from catalog.upstream.sandbox import Sandbox
from catalog.upstream.types import Sms, State
from catalog.upstream.types import Status as Told
from jiema.api import db
from orders.models import Order
from orders.services.syncing import apply_status
from orders.tickets import LASTS, Ticket
from tests.conftest import stale
from tests.web.conftest import signed_in
from tests.web.shopping import buy, html

NOTHING_NEW, NEWS = 204, 200


@dataclass
class OpenPage:
    """What a browser keeps of a page that it shows."""

    client: Client
    ticket: str
    seen: str

    @classmethod
    def of(cls, client: Client, address: str) -> "OpenPage":
        page = html(client.get(address))
        found = re.search(r'data-ticket="([^"]+)" data-seen="(\w*)"', page)
        assert found
        return cls(client, *found.groups())

    def pulse(self) -> int:
        return self.ask().status_code

    def ask(self) -> Any:
        return self.client.get("/api/pulse", headers={"X-Ticket": self.ticket, "X-Seen": self.seen})


def deliver(sandbox: Sandbox, address: str, text: str = "417902") -> None:
    order = Order.objects.get(pk=address.rpartition("/")[2])
    sandbox.shop.deliver(int(order.activation_id or 0), text)


def test_silence_until_the_code_is_there(site: Client, provider: Provider, sandbox: Sandbox) -> None:
    address = buy(site)
    page = OpenPage.of(site, address)
    assert page.pulse() == NOTHING_NEW
    deliver(sandbox, address)
    stale(address.rpartition("/")[2])
    assert page.pulse() == NEWS
    assert OpenPage.of(site, f"{address}/live").pulse() == NOTHING_NEW


def test_a_code_comes_with_every_worker_stopped_and_is_not_in_the_answer(
    site: Client, provider: Provider, sandbox: Sandbox
) -> None:
    address = buy(site)
    page = OpenPage.of(site, address)
    deliver(sandbox, address)
    stale(address.rpartition("/")[2])
    reply = page.ask()
    assert reply.content == b'{"ok":true,"data":{"changed":true}}'
    assert Order.objects.get().sms_body == "417902"


def test_it_costs_one_statement(site: Client, provider: Provider) -> None:
    page = OpenPage.of(site, buy(site))
    page.pulse()
    with CaptureQueriesContext(connection) as queries:
        assert page.pulse() == NOTHING_NEW
    assert len(queries) == 0  # none by Django's cursor: the one statement is prepared


def test_prepared_once_and_run_once(site: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    page = OpenPage.of(site, buy(site))
    page.pulse()
    ran: list[str] = []
    real = db._read
    monkeypatch.setattr(db, "_read", lambda sql, params: ran.append(sql) or real(sql, params))
    page.pulse()
    assert len(ran) == 1


def test_one_pulse_watches_all_open_orders(site: Client, provider: Provider, sandbox: Sandbox) -> None:
    first, second = buy(site), buy(site)
    page = OpenPage.of(site, first)
    deliver(sandbox, second, "555111")
    stale(second.rpartition("/")[2])
    assert page.pulse() == NEWS
    shown = html(site.get(f"{first}/live"))
    assert "555111" in shown


def test_an_order_bought_elsewhere_is_news(site: Client, alice: User, provider: Provider) -> None:
    page = OpenPage.of(site, buy(site))
    buy(signed_in(alice))
    assert page.pulse() == NEWS


def test_a_strangers_order_is_no_news(site: Client, carol: User, provider: Provider) -> None:
    page = OpenPage.of(site, buy(site))
    buy(signed_in(carol))
    assert page.pulse() == NOTHING_NEW


def test_an_sms_after_the_refund_is_no_news(site: Client, provider: Provider) -> None:
    address = buy(site)
    site.post(f"{address}/cancel")
    page = OpenPage.of(site, address)
    apply_status(address.rpartition("/")[2], Told(State.RECEIVED, (Sms("late 777777", "k"),)))
    assert Order.objects.get().sms.count() == 1
    assert page.pulse() == NOTHING_NEW


def signed_out(page: OpenPage, alice: User) -> None:
    page.client.post("/accounts/logout/")


def signed_out_elsewhere(page: OpenPage, alice: User) -> None:
    Session.objects.all().delete()


def suspended(page: OpenPage, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(state="suspended")


def somebody_else_signed_in(page: OpenPage, alice: User) -> None:
    page.client.cookies = signed_in(User.objects.exclude(pk=alice.pk).get()).cookies


@pytest.mark.parametrize(
    "ending", [signed_out, signed_out_elsewhere, suspended, somebody_else_signed_in], ids=lambda ending: ending.__name__
)
def test_an_ended_session_is_news_and_asks_no_provider(
    site: Client, alice: User, carol: User, provider: Provider, sandbox: Sandbox, ending: Any
) -> None:
    address = buy(site)
    page = OpenPage.of(site, address)
    deliver(sandbox, address)
    stale(address.rpartition("/")[2])
    ending(page, alice)
    assert page.pulse() == NEWS
    assert Order.objects.get().sms_body is None


def test_a_ticket_lasts_ten_minutes(site: Client, provider: Provider) -> None:
    page = OpenPage.of(site, buy(site))
    with time_machine.travel(time.time() + LASTS.total_seconds() - 5, tick=False):
        assert page.pulse() == NOTHING_NEW
    with time_machine.travel(time.time() + LASTS.total_seconds() + 5, tick=False):
        assert page.pulse() == NEWS


@pytest.mark.parametrize("ticket", ["", "x", "c1.c2.abc:1:2", "\u00e9"])
def test_a_forged_ticket_costs_no_statement(
    site: Client, provider: Provider, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = OpenPage.of(site, buy(site))
    monkeypatch.setattr("orders.selectors.read_prepared", None)
    page.ticket = ticket
    assert page.pulse() == NEWS


def test_a_ticket_does_not_tell_the_sessions_key(site: Client, provider: Provider) -> None:
    page = OpenPage.of(site, buy(site))
    assert site.session.session_key not in page.ticket
    assert Ticket.read(page.ticket, "another") is None


def test_only_by_get(site: Client) -> None:
    assert site.post("/api/pulse").status_code == 405


def test_slow_where_only_more_sms_can_come_and_never_where_nothing_can(
    site: Client, provider: Provider, sandbox: Sandbox
) -> None:
    address = buy(site)
    assert 'data-every="1500"' in html(site.get(address))
    deliver(sandbox, address)
    stale(address.rpartition("/")[2])
    assert 'data-every="4500"' in html(site.get(address))
    Order.objects.update(status="COMPLETED")
    assert 'data-every="0"' in html(site.get(address))


def test_a_provider_that_hangs_holds_one_look_up_a_second(
    site: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = OpenPage.of(site, buy(site))
    for _ in range(3):
        buy(site)
    Order.objects.update(synced_at=Order.objects.earliest("pk").created_at - timedelta(minutes=1))
    asked: list[str] = []
    monkeypatch.setattr("orders.watching.SYNC_SECONDS", -1)
    monkeypatch.setattr("orders.watching.sync_if_stale", lambda order_id: bool(asked.append(order_id)) or True)
    page.pulse()
    assert len(asked) == 1


def test_the_page_tells_how_soon_codes_came(site: Client, provider: Provider) -> None:
    address = buy(site)
    assert "brought a code" not in html(site.get(address))
    OfferOdds.objects.create(
        provider=provider,
        service_id="tg",
        country_id=7,
        bought_24h=2,
        arrived_24h=2,
        bought_7d=57,
        arrived_7d=41,
        median_7d=49,
        p90_7d=90,
    )
    words = "Lately 41 of 57 numbers of this offer brought a code, half of them within 49 s."
    assert words in html(site.get(address))
