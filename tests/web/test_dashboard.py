import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from catalog.models import Price, Provider
from catalog.upstream.sandbox import Sandbox
from orders.models import Order
from tests.conftest import stale
from tests.web.conftest import signed_in
from tests.web.shopping import FORM, buy, html


def done(site: Client) -> int:
    """How many of the three steps are behind this customer."""
    page = html(site.get("/dashboard"))
    assert "Three steps to your first code" in page
    return page.count('<li class="done">')


def code_arrives(site: Client, sandbox: Sandbox) -> None:
    order = Order.objects.get()
    sandbox.shop.deliver(int(order.activation_id or 0), "417902")
    stale(order.pk)
    site.get(f"/orders/{order.pk}")


@pytest.mark.usefixtures("provider")
def test_the_first_steps_end_with_the_first_code(site: Client, bob: User, sandbox: Sandbox) -> None:
    assert (done(signed_in(bob)), done(site)) == (0, 1)
    buy(site)
    assert done(site) == 2
    code_arrives(site, sandbox)
    assert "Three steps" not in html(site.get("/dashboard"))


def test_the_last_pairs_are_bought_again_at_todays_price(site: Client, provider: Provider) -> None:
    buy(site)
    Price.objects.update(price_cents=45)
    page = html(site.get("/dashboard"))
    nonce = FORM.search(page)
    assert nonce
    assert re.search(r'name="pick" value="7-45">.*Telegram, Malaysia <b>\$0\.45</b>', page, re.DOTALL)
    bought = site.post("/buy", {"nonce": nonce.group(1), "service": "telegram", "pick": "7-45"})["Location"]
    assert Order.objects.get(pk=bought.rpartition("/")[2]).charged_cents == 45


def test_what_is_not_on_sale_is_not_offered_again(site: Client, provider: Provider) -> None:
    buy(site)
    Price.objects.all().delete()
    assert "Order again" not in html(site.get("/dashboard"))


def test_it_costs_the_same_however_many_orders_there_are(
    site: Client, provider: Provider, django_assert_num_queries: Any
) -> None:
    buy(site)
    site.get("/dashboard")
    for _ in range(2):
        buy(site)
    with django_assert_num_queries(9):
        site.get("/dashboard")
