from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connections
from django.test import Client

from accounts.models import User
from accounts.wallet.models import Wallet
from catalog.models import Price, Provider
from catalog.upstream.sandbox import Sandbox
from orders.models import Order
from orders.screen import code_in
from tests.conftest import stale
from tests.web.conftest import signed_in
from tests.web.shopping import buy, form, html, send


def balance(user: User) -> int:
    return Wallet.objects.get(user=user).balance_cents


def test_one_form_buys_one_number(site: Client, alice: User, provider: Provider) -> None:
    wish = form(site)
    first, second = send(site, wish)["Location"], send(site, wish)["Location"]
    assert first == second == f"/orders/{Order.objects.get().pk}"
    assert balance(alice) == 2461


@pytest.mark.django_db(transaction=True)
def test_a_double_click_buys_one_number(site: Client, alice: User, provider: Provider) -> None:
    wish = form(site)

    def click(_: int) -> str:
        try:
            return str(signed_in(alice).post("/buy", wish)["Location"])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as fingers:
        opened = set(fingers.map(click, range(4)))
    assert opened == {f"/orders/{Order.objects.get().pk}"}
    assert balance(alice) == 2461


def test_another_page_buys_another_number(site: Client, provider: Provider) -> None:
    assert buy(site) != buy(site)


def test_a_price_that_rose_is_not_paid(site: Client, alice: User, provider: Provider) -> None:
    wish = form(site)
    Price.objects.update(price_cents=50)
    response = site.post("/buy", wish, follow=True)
    assert "The price has just risen. Nothing was charged" in html(response)
    assert 'value="7-50"' in html(response)
    assert not Order.objects.exists()
    assert balance(alice) == 2500


def test_without_money_nothing_is_bought(bob: User, provider: Provider) -> None:
    site = signed_in(bob)
    response = site.post("/buy", form(site), follow=True)
    assert "The balance is too low. Please top up." in html(response)
    assert not Order.objects.exists()


def test_sold_out_gives_the_charge_back(site: Client, alice: User, provider: Provider, sandbox: Sandbox) -> None:
    wish = form(site)
    sandbox.shop.stock(7, "tg", Decimal("0.30"), 0)
    response = site.post("/buy", wish, follow=True)
    assert "There is no number for this service and country right now." in html(response)
    assert "The charge went back to your balance." in html(response)
    assert balance(alice) == 2500


@pytest.mark.parametrize("broken", [{"nonce": "x"}, {"pick": "7"}, {"pick": "-1--1"}, {"service": ""}])
def test_a_broken_form_buys_nothing(site: Client, provider: Provider, broken: dict[str, str]) -> None:
    response = site.post("/buy", form(site) | broken, follow=True)
    assert "Please choose again." in html(response)
    assert not Order.objects.exists()


def test_an_unknown_service_in_the_form_is_told(site: Client, provider: Provider) -> None:
    assert send(site, form(site) | {"service": "nothing"})["Location"] == "/buy"


def test_a_strangers_order_is_not_found(site: Client, carol: User, provider: Provider) -> None:
    address = buy(site)
    stranger = signed_in(carol)
    assert [stranger.get(f"{address}{tail}").status_code for tail in ("", "/live")] == [404, 404]
    assert [stranger.post(f"{address}{tail}").status_code for tail in ("/cancel", "/next-sms")] == [404, 404]
    assert Order.objects.get().status == "WAITING"


def arrive(address: str, sandbox: Sandbox, text: str) -> None:
    order = Order.objects.get(pk=address.rsplit("/")[-1])
    sandbox.shop.deliver(int(order.activation_id or 0), text)
    stale(order.pk)


def test_the_live_part_brings_the_code_and_the_title(site: Client, provider: Provider, sandbox: Sandbox) -> None:
    address = buy(site)
    arrive(address, sandbox, "G-417902 is your code")
    part = html(site.get(f"{address}/live"))
    assert 'data-title="417902 · Telegram · jiema"' in part
    assert '<b id="purse" hx-swap-oob="true">$24.61</b>' in part


def test_a_signed_out_page_loads_itself_anew(client: Client, site: Client, provider: Provider) -> None:
    assert client.get(f"{buy(site)}/live")["HX-Refresh"] == "true"


def test_cancelling_refunds(site: Client, alice: User, provider: Provider) -> None:
    address = buy(site)
    page = html(site.post(f"{address}/cancel", follow=True))
    assert "Cancelled" in page
    assert "The whole $0.39 is back on your balance." in page
    assert balance(alice) == 2500


def test_cancelling_twice_is_no_error(site: Client, alice: User, provider: Provider) -> None:
    address = buy(site)
    for _ in range(2):
        page = html(site.post(f"{address}/cancel", follow=True))
    assert 'class="error"' not in page
    assert balance(alice) == 2500


def test_a_code_can_not_be_cancelled(site: Client, alice: User, provider: Provider, sandbox: Sandbox) -> None:
    address = buy(site)
    arrive(address, sandbox, "417902")
    page = html(site.post(f"{address}/cancel", follow=True))
    assert "The SMS was faster than your cancel" in page
    assert 'id="code" data-copy="417902"' in page
    assert balance(alice) == 2461


def test_another_sms(site: Client, provider: Provider, sandbox: Sandbox) -> None:
    address = buy(site)
    arrive(address, sandbox, "111111")
    site.get(address)
    assert "Waiting for the next SMS" in html(site.post(f"{address}/next-sms", follow=True))
    arrive(address, sandbox, "222222")
    assert '<p class="code" id="code" data-copy="222222"' in html(site.get(address))


def test_orders_are_listed_newest_first(site: Client, provider: Provider) -> None:
    first, second = buy(site), buy(site)
    page = html(site.get("/orders"))
    assert 0 < page.index(second) < page.index(first)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("G-417902 is your code", "417902"),
        ("417 902", "417902"),
        ("Call +60123456789 or use 5551", "5551"),
        ("Code 12-34", ""),
        ("no code", ""),
        (None, ""),
    ],
)
def test_the_code_in_an_sms(text: str | None, code: str) -> None:
    assert code_in(text) == code
