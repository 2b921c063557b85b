import re

import pytest
from django.test import Client
from pytest_django import Settings

from accounts import services as accounts
from accounts.models import ApiKey, User
from accounts.wallet import services as wallet
from catalog.models import Provider
from orders.models import Order
from tests.paying import wish
from tests.web.conftest import signed_in
from tests.web.shopping import buy, html

OPEN_TO_ALL = [
    "/",
    "/buy",
    "/buy/telegram",
    "/terms",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/unknown/",
]
FOR_CUSTOMERS = [
    "/dashboard",
    "/buy/telegram?country=malaysia&sort=name",
    "/orders",
    "/account/statement",
    "/account/api-keys",
    "/account/webhooks",
    "/account/top-up",
    "/account/referral",
    "/account/voucher",
    "/account/notices",
    "/accounts/logout/",
    "/accounts/email/",
    "/accounts/password/change/",
]
CSP = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", re.IGNORECASE)


def assert_is_sound(client: Client, address: str, status: int = 200) -> None:
    response = client.get(address)
    assert response.status_code == status
    page = response.content.decode()
    assert '<html lang="en">' in page
    assert page.count("<h1") == 1
    assert INLINE.findall(page) == []
    assert set(response["Content-Security-Policy"].split("; ")) == CSP


@pytest.mark.parametrize("address", OPEN_TO_ALL)
def test_page_for_all(client: Client, provider: Provider, address: str) -> None:
    assert_is_sound(client, address)


@pytest.mark.parametrize("address", FOR_CUSTOMERS)
def test_page_for_customers(site: Client, provider: Provider, address: str) -> None:
    assert_is_sound(site, address)


@pytest.mark.parametrize("address", [each for each in FOR_CUSTOMERS if "buy" not in each and "logout" not in each])
@pytest.mark.django_db
def test_visitors_are_asked_to_sign_in(client: Client, address: str) -> None:
    assert client.get(address)["Location"].startswith("/accounts/login/?next=/")


def test_pages_of_one_row(site: Client, alice: User, provider: Provider, settings: Settings) -> None:
    settings.SANDBOX_GATEWAY = True
    key, _ = accounts.create_api_key(alice.pk, "old")
    top_up = wish(alice, 100)
    for address in [buy(site), f"/account/api-keys/{key.pk}/revoke", f"/account/top-up/{top_up.pk}"]:
        assert_is_sound(site, address)


@pytest.mark.django_db
def test_what_is_not_there(client: Client) -> None:
    assert_is_sound(client, "/nothing", 404)
    assert_is_sound(client, "/buy/nothing", 404)


def test_the_front_shows_real_prices(client: Client, provider: Provider) -> None:
    assert re.search(r"Telegram.*1 country.*\$0\.39", html(client.get("/")), re.DOTALL)


def test_the_dashboard_shows_balance_and_orders(site: Client, provider: Provider) -> None:
    buy(site)
    page = html(site.get("/dashboard"))
    assert "$24.61" in page
    assert Order.objects.get().pk in page


def test_the_statement_adds_up(site: Client, provider: Provider) -> None:
    address = buy(site)
    site.post(f"{address}/cancel")
    page = html(site.get("/account/statement"))
    assert re.findall(r'class="num[^>]*>([^<]+)<', page)[2:] == [
        "+$0.39",
        "$25.00",
        "−$0.39",
        "$24.61",
        "+$25.00",
        "$25.00",
    ]


def test_lists_are_paged_without_a_gap(site: Client, alice: User) -> None:
    for number in range(29):
        wallet.adjust(alice.pk, 1, f"n:{number}", reason=f"r{number}.", actor="tests")
    first = html(site.get("/account/statement"))
    older = re.search(r'href="(\?before=\d+)"', first)
    assert older
    second = html(site.get(f"/account/statement{older.group(1)}"))
    assert [first.count('<time datetime="'), second.count('<time datetime="')] == [25, 5]
    assert "r4." in first
    assert "r3." in second
    assert 'href="?before=' not in second


@pytest.mark.parametrize("cursor", ["x y", "%00", "9" * 26, "-1", "c'"])
def test_a_bad_cursor_is_not_found(site: Client, cursor: str) -> None:
    assert site.get(f"/account/statement?before={cursor}").status_code == 404
    assert site.get(f"/orders?before={cursor}").status_code == 404


@pytest.mark.parametrize("named", ["%00", "nothing", "c" + "0" * 25, "C" + "0" * 24, "%ff", "%F0%9F%98%80"])
def test_what_is_no_id_is_not_found(site: Client, named: str) -> None:
    hooks = "/account/webhooks"
    pages = ["/orders/{}", "/orders/{}/live", hooks + "/{}", hooks + "/{}/edit", hooks + "/deliveries/{}"]
    verbs = ["/orders/{}/cancel", "/orders/{}/next-sms", hooks + "/{}/off", hooks + "/deliveries/{}/again"]
    assert {site.get(page.format(named)).status_code for page in pages} == {404}
    assert {site.post(verb.format(named)).status_code for verb in verbs} == {404}


def test_a_key_is_shown_once_and_kept_by_nobody(site: Client, alice: User) -> None:
    response = site.post("/account/api-keys", {"name": "script"})
    token = re.search(r"jm_[0-9A-Za-z]{43}", html(response))
    assert token
    assert "no-store" in response["Cache-Control"]
    assert f'curl -H "Authorization: Bearer {token.group()}" ' in html(response)
    assert "1 of 10 used" in html(response)
    assert token.group() not in html(site.get("/account/api-keys"))


def test_an_eleventh_key_is_refused(site: Client, alice: User) -> None:
    for number in range(10):
        accounts.create_api_key(alice.pk, str(number))
    assert "10 of 10 used" in html(site.get("/account/api-keys"))
    assert "revoke one first" in html(site.post("/account/api-keys", {"name": "one more"}))
    assert ApiKey.objects.count() == 10


def test_a_strangers_key_is_not_found(site: Client, carol: User) -> None:
    key, _ = accounts.create_api_key(carol.pk, "hers")
    assert site.post(f"/account/api-keys/{key.pk}/revoke").status_code == 404
    assert ApiKey.objects.active().count() == 1


def test_forms_are_limited(site: Client) -> None:
    statuses = [site.post("/account/api-keys", {"name": ""}).status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]


def test_forms_need_their_token(alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    response = strict.post("/account/api-keys", {"name": "x"})
    assert response.status_code == 403
    assert "This form is too old" in html(response)


def test_the_suspended_are_signed_out(alice: User) -> None:
    client = signed_in(alice)
    User.objects.update(state="suspended")
    assert client.get("/dashboard").status_code == 302
