from decimal import Decimal

import pytest
from django.contrib import admin
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from accounts import services as accounts
from accounts.models import ApiKey, ApiKeyHour, Scope, User
from accounts.services import KeyLimits
from accounts.wallet.models import Entry
from catalog.models import Country, Price, PriceRule, Provider
from tests.conftest import PASSWORD
from tests.web.conftest import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ops() -> Client:
    return signed_in(accounts.create_user("ops@example.com", PASSWORD, is_staff=True))


def change_list(model: type) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=str), ids=lambda model: model.__name__)
def test_every_list_is_shown(ops: Client, provider: Provider, model: type) -> None:
    assert ops.get(change_list(model)).status_code == 200
    assert ops.get(change_list(model), {"q": "x"}).status_code == 200


def test_customers_stay_outside(site: Client) -> None:
    assert site.get("/admin/").status_code == 302


def adjust(ops: Client, user: User, **fields: str) -> str:
    wish = {"action": "adjust_balance", "_selected_action": user.pk, **fields}
    return ops.post("/admin/accounts/user/", wish, follow=True).content.decode()


def test_an_adjustment_asks_for_amount_and_reason(ops: Client, bob: User) -> None:
    page = adjust(ops, bob)
    assert 'name="amount"' in page
    assert 'name="reason"' in page
    assert not Entry.objects.filter(wallet_id=bob.pk).exists()


def test_an_adjustment_names_its_reason_and_its_actor(ops: Client, bob: User) -> None:
    adjust(ops, bob, amount="-0", reason="x", token="1")
    adjust(ops, bob, amount="5.00", reason="goodwill", token="1")
    entry = Entry.objects.get(wallet_id=bob.pk)
    assert (entry.amount_cents, entry.reason, entry.actor) == (500, "goodwill", "ops@example.com")


def test_the_same_form_twice_adjusts_once(ops: Client, bob: User) -> None:
    for _ in range(2):
        adjust(ops, bob, amount="5.00", reason="goodwill", token="1")
    assert Entry.objects.filter(wallet_id=bob.pk).count() == 1


def test_nobody_is_adjusted_below_zero(ops: Client, bob: User) -> None:
    assert "the balance is too low" in adjust(ops, bob, amount="-1", reason="x", token="1")
    assert not Entry.objects.filter(wallet_id=bob.pk).exists()


def test_the_ledger_can_only_be_read(ops: Client, alice: User) -> None:
    address = reverse("admin:wallet_entry_change", args=[Entry.objects.get(wallet_id=alice.pk).pk])
    assert ops.get(address).status_code == 200
    assert ops.post(address, {"amount_cents": 1}).status_code == 403
    assert ops.get("/admin/wallet/entry/add/").status_code == 403


def test_keys_are_revoked_and_their_digest_is_not_shown(ops: Client, alice: User) -> None:
    key, _ = accounts.create_api_key(alice.pk, "lost")
    assert "digest" not in ops.get(f"/admin/accounts/apikey/{key.pk}/change/").content.decode().lower()
    ops.post("/admin/accounts/apikey/", {"action": "revoke", "_selected_action": key.pk})
    assert not ApiKey.objects.active().exists()


def test_a_keys_facts_are_there_for_support(ops: Client, alice: User) -> None:
    limits = KeyLimits(Scope.READ, addresses="203.0.113.0/24", services="tg,wa", daily_cap_cents=550)
    key, _ = accounts.create_api_key(alice.pk, "bot", limits)
    ApiKey.objects.update(last_used_address="198.51.100.4", former_prefix="jm_formerly")
    ApiKeyHour.objects.create(key=key, hour=Now(), calls=4711)
    page = ops.get(f"/admin/accounts/apikey/{key.pk}/change/").content.decode()
    for fact in ["Read only", "203.0.113.0/24", "tg,wa", "$5.50", "198.51.100.4", "4711", key.prefix]:
        assert fact in page
    for words in [key.prefix, "jm_formerly", "198.51.100.4", alice.email]:
        assert "1 result" in ops.get("/admin/accounts/apikey/", {"q": words}).content.decode()
    assert "0 results" in ops.get("/admin/accounts/apikey/", {"q": "no address"}).content.decode()


def test_prices_follow_a_rule_at_once(ops: Client, provider: Provider) -> None:
    rule = PriceRule.objects.get()
    form = {"service": "", "country": "", "percent": "100", "fixed_cents": "0", "note": ""}
    ops.post(f"/admin/catalog/pricerule/{rule.pk}/change/", form)
    assert Price.objects.get().price_cents == 60


def test_a_country_that_is_switched_off_is_not_sold(ops: Client, provider: Provider) -> None:
    ops.post(f"/admin/catalog/country/{Country.objects.get().pk}/change/", {})
    assert not Price.objects.exists()


def test_a_providers_key_is_never_read_back(ops: Client, provider: Provider) -> None:
    Provider.objects.update(api_key="secret-of-ours")
    address = f"/admin/catalog/provider/{provider.pk}/change/"
    assert "secret-of-ours" not in ops.get(address).content.decode()


def test_the_push_address_can_be_copied(ops: Client, provider: Provider) -> None:
    page = ops.get(f"/admin/catalog/provider/{provider.pk}/change/")
    assert f"http://127.0.0.1:8000/api/push/{provider.push_secret}" in page.content.decode()


def test_an_empty_key_leaves_the_providers_key(ops: Client, provider: Provider) -> None:
    form = {
        "name": "sandbox",
        "dialect": "hero",
        "base_url": provider.base_url,
        "api_key": "",
        "currency": "USD",
        "usd_rate": "1",
        "is_enabled": "on",
        "lifetime_minutes": "25",
        "grace_seconds": "120",
        "burst": "5",
        "calls_per_second": "",
        "push_addresses": "",
    }
    ops.post(f"/admin/catalog/provider/{provider.pk}/change/", form)
    provider.refresh_from_db()
    assert (provider.api_key, provider.lifetime_minutes, provider.usd_rate) == ("sandbox", 25, Decimal(1))
