import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from typing import Any
from unittest.mock import patch
from zipfile import ZipFile

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from accounts import services as accounts
from accounts.emails import confirm_email
from accounts.models import AccountState, User
from accounts.wallet import services as wallet
from catalog.models import Provider
from jiema.api.errors import Forbidden
from jiema.leaving import closing
from jiema.leaving.closing import Tied, close_account, ties_of
from jiema.leaving.export import export_of
from orders.models import Order
from orders.services.buying import buy_number
from tests.conftest import PASSWORD, Shopper, api_of, error
from tests.paying import wish
from tests.web.conftest import signed_in
from tests.web.shopping import html


def reauthenticated(user: User) -> Client:
    confirm_email(user)
    client = signed_in(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def state_of(user: User) -> str:
    return User.objects.get(pk=user.pk).state


def spend_all(user: User) -> None:
    wallet.adjust(user.pk, -ties_of(user.pk).balance, f"spent:{user.pk}", reason="spent", actor="tests")


@pytest.mark.django_db(transaction=True)
def test_an_account_closes_for_good(bob: User) -> None:
    api, elsewhere, client = api_of(bob), signed_in(bob), reauthenticated(bob)
    elsewhere.get("/account")
    assert client.post("/account/close", {"is_sure": "on"})["Location"] == "/account/closed"
    assert (state_of(bob), error(api.get("/account"))) == (AccountState.CLOSED, (403, "FORBIDDEN"))
    assert [each.get("/account").status_code for each in (client, elsewhere)] == [302, 302]
    assert (mail.outbox[-1].subject, mail.outbox[-1].to) == ("Your account is closed", [bob.email])
    signed = Client().post("/accounts/login/", {"login": bob.email, "password": PASSWORD})
    assert signed["Location"] == "/accounts/inactive/"


@pytest.mark.django_db(transaction=True)
def test_the_address_of_a_closed_account_stays_taken(bob: User) -> None:
    close_account(bob.pk)
    Client().post("/accounts/signup/", {"email": bob.email, "password1": PASSWORD, "accept_terms": "on"})
    assert User.objects.filter(email=bob.email).count() == 1
    Client().post("/accounts/password/reset/", {"email": bob.email})
    assert mail.outbox[-1].subject == "There is no account with your address"


def test_closing_needs_a_fresh_answer_and_a_tick(bob: User) -> None:
    confirm_email(bob)
    assert signed_in(bob).get("/account/close")["Location"].startswith("/accounts/reauthenticate/")
    assert "Tick this to close the account." in html(reauthenticated(bob).post("/account/close", {}))
    assert state_of(bob) == AccountState.ACTIVE


@pytest.mark.django_db(transaction=True)
def test_money_keeps_an_account_open(alice: User) -> None:
    page = html(reauthenticated(alice).post("/account/close", {"is_sure": "on"}))
    assert "<b>$25.00</b> are on your balance." in page
    with pytest.raises(Tied):
        close_account(alice.pk)
    assert state_of(alice) == AccountState.ACTIVE


@pytest.mark.django_db(transaction=True)
def test_an_open_order_keeps_an_account_open(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    spend_all(shopper.user)
    with pytest.raises(Tied) as refused:
        close_account(shopper.user.pk)
    assert [order.pk for order in refused.value.ties.orders] == [order_id]
    assert state_of(shopper.user) == AccountState.ACTIVE


@pytest.mark.django_db(transaction=True)
def test_a_payment_under_way_keeps_an_account_open(bob: User) -> None:
    top_up = wish(bob, 1000)
    with pytest.raises(Tied) as refused:
        close_account(bob.pk)
    assert [each.pk for each in refused.value.ties.payments] == [top_up.pk]
    assert state_of(bob) == AccountState.ACTIVE


@pytest.mark.django_db(transaction=True)
def test_a_closed_account_begins_nothing(bob: User) -> None:
    close_account(bob.pk)
    for begin in [lambda: accounts.create_api_key(bob.pk, "x"), lambda: close_account(bob.pk)]:
        with pytest.raises(Forbidden):
            begin()


def buy_while_it_closes(shopper: Shopper) -> str:
    """A purchase for the last cents is charged, and not committed, when the account is closed."""
    user_id = shopper.user.pk
    wallet.adjust(user_id, 39 - shopper.balance(), "leave", reason="setup", actor="tests")
    charged, closes = Event(), Event()
    charge = wallet.charge

    def slow_charge(*args: Any) -> Any:
        entry = charge(*args)
        charged.set()
        closes.wait(1)
        return entry

    def buy() -> None:
        with patch("orders.services.buying.wallet.charge", slow_charge):
            buy_number(user_id, "tg", "7")
        connection.close()

    with ThreadPoolExecutor(1) as threads:
        purchase = threads.submit(buy)
        charged.wait(10)
        with suppress(Tied):
            close_account(user_id)
        closes.set()
        purchase.result()
    return state_of(shopper.user)


@pytest.mark.django_db(transaction=True)
def test_a_purchase_that_begins_meanwhile_is_not_lost(shopper: Shopper) -> None:
    assert buy_while_it_closes(shopper) == AccountState.ACTIVE
    assert Order.objects.get().status == "WAITING"


@pytest.mark.django_db(transaction=True)
def test_without_the_wallets_lock_it_would_be(shopper: Shopper, provider: Provider) -> None:
    """The control: what was looked at before the purchase was committed says that nothing is open."""
    blind = closing.Ties(balance=0, owed=0, orders=[], payments=[])
    with patch("jiema.leaving.closing.wallet.hold"), patch("jiema.leaving.closing.ties_of", lambda _: blind):
        assert buy_while_it_closes(shopper) == AccountState.CLOSED
    assert Order.objects.get().status == "WAITING"


def unpacked(file: Any) -> dict[str, Any]:
    with file, ZipFile(file) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def test_all_that_is_held_is_exported(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.deliver(order_id, "Your code is 41790")
    shopper.order(order_id)
    parts = unpacked(export_of(shopper.user.pk))
    assert parts["account.json"]["email"] == "alice@example.com"
    assert parts["orders.json"][0]["smsBody"] == "Your code is 41790"
    assert [each["amount_cents"] for each in parts["statement.json"]] == [2500, -39]
    assert [each["name"] for each in parts["api-keys.json"]] == ["tests"]
    assert set(parts) == {
        *("account.json", "email-addresses.json", "second-factors.json", "sessions.json", "api-keys.json"),
        *("statement.json", "debts.json", "top-ups.json", "people-invited.json", "referral-earnings.json"),
        *("vouchers.json", "webhooks.json", "orders.json"),
    }


def test_no_secret_and_no_refunded_sms_is_exported(shopper: Shopper) -> None:
    order_id = shopper.buy()["id"]
    shopper.api.post(f"/orders/{order_id}/cancel")
    Order.objects.filter(pk=order_id).update(sms_body="Late code 55512")
    text = json.dumps(unpacked(export_of(shopper.user.pk)))
    assert "55512" not in text
    assert re.findall("argon2|digest|password", text) == []


def test_the_export_is_asked_for_seldom_and_freshly(alice: User) -> None:
    confirm_email(alice)
    assert signed_in(alice).get("/account/export")["Location"].startswith("/accounts/reauthenticate/")
    client = reauthenticated(alice)
    file = client.post("/account/export")
    assert re.fullmatch(r'attachment; filename="jiema-[\d-]{10}\.zip"', file["Content-Disposition"])
    assert "no-store" in file["Cache-Control"]
    assert "account.json" in unpacked(io.BytesIO(b"".join(file)))
    for _ in range(4):
        assert b"".join(client.post("/account/export")).startswith(b"PK")
    assert client.post("/account/export").status_code == 429
