"""The page of API keys: made, shown once, changed, given a new token, revoked."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import services as accounts
from accounts.models import ApiKey, ApiKeyHour, Scope, User
from accounts.services import KeyLimits
from catalog.models import Provider
from tests.conftest import Api, data, error

PAGE = "/account/api-keys"
TOKEN = re.compile(r"jm_[0-9A-Za-z]{43}")


def html(response: Any) -> str:
    assert response.status_code == 200
    return unescape(response.content.decode())


def token_in(response: Any) -> str:
    (found,) = set(TOKEN.findall(html(response)))
    return str(found)


def make(site: Client, **form: str) -> ApiKey:
    token_in(site.post(PAGE, {"name": "bot", **form}))
    return ApiKey.objects.get()


def complaint(site: Client, **form: str) -> str:
    page = html(site.post(PAGE, {"name": "bot", **form}))
    assert not ApiKey.objects.exists()
    (found,) = re.findall(r'class="errorlist"[^>]*><li>(.*?)</li>', page)
    return str(found)


def test_a_key_with_every_limit(site: Client, provider: Provider) -> None:
    limits = {"daily_cap": "5.50", "services": "telegram, TG", "addresses": "203.0.113.7\n2001:db8::/32, 10.0.0.0/8"}
    key = make(site, scope="read", end="30", **limits)
    assert (key.scope, key.daily_cap_cents, key.services) == ("read", 550, "tg")
    assert key.addresses == "203.0.113.7,2001:db8::/32,10.0.0.0/8"
    assert key.expires_at
    assert key.expires_at - key.created_at > timedelta(days=29, hours=23)


def test_a_key_without_any(site: Client) -> None:
    key = make(site)
    assert (key.scope, key.expires_at, key.daily_cap_cents, key.services, key.addresses) == (
        "trade",
        None,
        None,
        "",
        "",
    )


@pytest.mark.parametrize("name", ["tg", "telegram", "Telegram", "TELEGRAM"])
def test_a_service_by_any_name(site: Client, provider: Provider, name: str) -> None:
    assert make(site, services=name).services == "tg"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("services", "tg, telegramm", "There is no service called “telegramm”."),
        ("addresses", "203.0.113.7, here", "“here” is neither an IP address nor a network."),
        ("addresses", "203.0.113.7/24", "“203.0.113.7/24” is neither an IP address nor a network."),
        ("addresses", " ".join(f"10.0.0.{n}" for n in range(21)), "20 addresses at most."),
        ("daily_cap", "0", "Ensure this value is greater than or equal to 0.01."),
        ("daily_cap", "much", "Please enter an amount, such as 25 or 12.50."),
        ("end", "8", "Select a valid choice. 8 is not one of the available choices."),
        ("scope", "all", "Select a valid choice. all is not one of the available choices."),
        ("name", " ", "This field is required."),
    ],
)
def test_what_is_wrong_is_told(site: Client, provider: Provider, field: str, value: str, says: str) -> None:
    assert complaint(site, **{field: value}) == says


def test_a_wrong_limit_is_not_folded_away(site: Client) -> None:
    assert "<details open>" in html(site.post(PAGE, {"name": "bot", "addresses": "here"}))
    assert "<details open>" not in html(site.get(PAGE))


def test_a_keys_facts(site: Client, alice: User) -> None:
    limits = KeyLimits(Scope.READ, timezone.now() + timedelta(days=30), "203.0.113.0/24,10.1.1.1", "tg,wa", 550)
    key, _ = accounts.create_api_key(alice.pk, "bot", limits)
    ApiKey.objects.update(last_used_at=Now(), last_used_address="198.51.100.4")
    for hours, calls in [(0, 1200), (23, 34), (25, 999)]:
        ApiKeyHour.objects.create(key=key, hour=Now() - timedelta(hours=hours), calls=calls)
    page = html(site.get(PAGE))
    for fact in [
        "1 of 10 used",
        f"{key.prefix}…",
        "Read only",
        "from 198.51.100.4",
        "<dd>1,234</dd>",
        "<dd>$5.50</dd>",
    ]:
        assert fact in page
    for fact in ["<dd>tg, wa</dd>", "<dd>203.0.113.0/24, 10.1.1.1</dd>"]:
        assert fact in page
    assert "never" not in page


def test_ten_keys_cost_as_much_as_one(
    site: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(10):
        key, _ = accounts.create_api_key(alice.pk, str(number))
        ApiKeyHour.objects.create(key=key, hour=Now(), calls=1)
    site.get(PAGE)
    with django_assert_num_queries(4):  # user, wallet, keys, ended keys
        site.get(PAGE)


def test_keys_that_ended_say_why(site: Client, alice: User, carol: User) -> None:
    for name in ("gone", "over"):
        accounts.create_api_key(alice.pk, name)
    accounts.create_api_key(carol.pk, "hers")
    ApiKey.objects.filter(name="over").update(expires_at=Now())
    ApiKey.objects.exclude(name="over").update(revoked_at=Now())
    page = html(site.get(PAGE))
    assert re.findall(r"<b>(\w+)</b>.*?<small>(\w+) on", page) == [("gone", "Revoked"), ("over", "Expired")]
    assert "0 of 10 used" in page
    assert "hers" not in page


def test_limits_are_changed(site: Client, alice: User) -> None:
    key, token = accounts.create_api_key(alice.pk, "bot")
    form = {"name": "reader", "scope": "read", "end": "keep", "addresses": "127.0.0.1"}
    assert site.post(f"{PAGE}/{key.pk}", form)["Location"] == PAGE
    assert error(Api(token).post("/orders", {})) == (403, "FORBIDDEN")
    key.refresh_from_db()
    assert (key.name, key.scope, key.expires_at, key.addresses) == ("reader", "read", None, "127.0.0.1")


def test_the_form_of_a_key_shows_what_it_is(site: Client, alice: User) -> None:
    end = timezone.now() + timedelta(days=3)
    key, _ = accounts.create_api_key(alice.pk, "bot", KeyLimits(Scope.READ, end, "10.1.1.1", "", 550))
    page = html(site.get(f"{PAGE}/{key.pk}"))
    fields = dict(re.findall(r'<input type="text" name="(\w+)" value="([^"]*)"', page))
    assert (fields["name"], fields["daily_cap"]) == ("bot", "5.50")
    assert re.search(r'value="read"[^>]* checked', page)
    assert re.search(r'<option value="keep" selected>On .* as it is</option>', page)


@pytest.mark.parametrize(("choice", "days"), [("keep", 3), ("", None), ("90", 90)])
def test_the_end_is_kept_taken_away_or_moved(site: Client, alice: User, choice: str, days: int | None) -> None:
    start = timezone.now()
    key, _ = accounts.create_api_key(alice.pk, "bot", KeyLimits(expires_at=start + timedelta(days=3)))
    site.post(f"{PAGE}/{key.pk}", {"name": "bot", "scope": "trade", "end": choice})
    key.refresh_from_db()
    assert (key.expires_at and (key.expires_at - start + timedelta(hours=1)).days) == days


def test_a_new_token_is_shown_once(site: Client, alice: User) -> None:
    key, old = accounts.create_api_key(alice.pk, "bot")
    response = site.post(f"{PAGE}/{key.pk}/rotate", {"replaces": key.prefix, "overlap": "24"})
    new = token_in(response)
    assert "no-store" in response["Cache-Control"]
    assert f"The former token {old[:11]}… works until" in html(response)
    data(Api(new).get("/account"))
    data(Api(old).get("/account"))
    assert new not in html(site.get(PAGE))


def test_a_form_sent_twice_makes_one_token(site: Client, alice: User) -> None:
    key, _ = accounts.create_api_key(alice.pk, "bot")
    form = {"replaces": key.prefix, "overlap": "0"}
    new = token_in(site.post(f"{PAGE}/{key.pk}/rotate", form))
    again = site.post(f"{PAGE}/{key.pk}/rotate", form, follow=True)
    assert "has a new token already" in html(again)
    data(Api(new).get("/account"))


@pytest.mark.parametrize("overlap", ["", "2", "25", "-1"])
def test_another_overlap_is_refused(site: Client, alice: User, overlap: str) -> None:
    key, token = accounts.create_api_key(alice.pk, "bot")
    assert not TOKEN.search(html(site.post(f"{PAGE}/{key.pk}/rotate", {"replaces": key.prefix, "overlap": overlap})))
    data(Api(token).get("/account"))


def test_the_former_token_is_stopped(site: Client, alice: User) -> None:
    key, old = accounts.create_api_key(alice.pk, "bot")
    accounts.rotate_api_key(alice.pk, key.pk, key.prefix, timedelta(hours=1))
    assert "Stop it now" in html(site.get(f"{PAGE}/{key.pk}/rotate"))
    page = html(site.post(f"{PAGE}/{key.pk}/stop", follow=True))
    assert "The former token of “bot” has stopped working." in page
    assert error(Api(old).get("/account")) == (401, "AUTH_INVALID")


@pytest.mark.parametrize("path", ["", "/rotate", "/stop", "/revoke"])
def test_a_strangers_key_is_not_there(site: Client, carol: User, path: str) -> None:
    key, token = accounts.create_api_key(carol.pk, "hers")
    address = f"{PAGE}/{key.pk}{path}"
    assert site.post(address, {"name": "mine", "replaces": key.prefix, "overlap": "0"}).status_code == 404
    data(Api(token).get("/account"))
    assert ApiKey.objects.get().name == "hers"


@pytest.mark.parametrize("path", ["/rotate", "/stop", "/revoke", ""])
def test_looking_changes_nothing(site: Client, alice: User, path: str) -> None:
    key, token = accounts.create_api_key(alice.pk, "bot")
    site.get(f"{PAGE}/{key.pk}{path}")
    data(Api(token).get("/account"))
    assert ApiKey.objects.get().rotated_at is None


def test_an_ended_key_is_told_to_have_ended(site: Client, alice: User) -> None:
    key, _ = accounts.create_api_key(alice.pk, "bot")
    accounts.revoke_api_key(alice.pk, key.pk)
    form = {"name": "again", "scope": "trade", "end": "keep", "replaces": key.prefix, "overlap": "0"}
    for path in ("", "/rotate"):
        assert "was revoked or has expired" in html(site.post(f"{PAGE}/{key.pk}{path}", form, follow=True))
    assert ApiKey.objects.get().name == "bot"
