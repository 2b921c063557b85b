"""A provider where our account needs a person sells nothing until it works again, and nobody is told a lie."""

import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from accounts import services as accounts
from accounts.wallet.models import Entry
from catalog.api.views import _rendered
from catalog.models import BalanceReading, Offer, Price, Provider
from catalog.services import pricing
from catalog.services.providers import pause_provider, read_balance, resume_provider, set_provider
from catalog.services.syncing import sync_catalogue
from catalog.upstream.errors import AccountTrouble
from jiema import watch
from orders.models import Order
from tests.alarms.scene import open_alarms
from tests.conftest import PASSWORD, WISH, Shopper, data, error
from tests.web.conftest import signed_in

TROUBLES: dict[str, tuple[dict[str, Any], str]] = {
    "empty": ({"balance": Decimal(0)}, "NO_BALANCE"),
    "banned": ({"banned_until": 9e9}, "BANNED"),
    "key dead": ({"key_works": False}, "BAD_KEY"),
}


def trouble(shopper: Shopper, name: str) -> None:
    for field, value in TROUBLES[name][0].items():
        setattr(shopper.sandbox.shop.account, field, value)


def refused(shopper: Shopper) -> dict[str, Any]:
    reply = shopper.api.post("/orders", WISH)
    assert error(reply) == (503, "UPSTREAM_UNAVAILABLE")
    assert int(reply["Retry-After"]) >= 1
    body: dict[str, Any] = reply.json()
    return body


def is_paused(provider: Provider) -> bool:
    provider.refresh_from_db()
    return provider.paused_at is not None


@pytest.mark.parametrize("name", TROUBLES)
def test_the_purchase_that_finds_the_trouble_pauses_the_provider(
    shopper: Shopper, provider: Provider, name: str
) -> None:
    trouble(shopper, name)
    order = Order.objects.get(pk=refused(shopper)["orderId"])
    assert (order.status, order.refunded_cents, shopper.balance()) == ("FAILED", 39, 2500)
    assert (is_paused(provider), provider.pause_reason) == (True, TROUBLES[name][1])
    assert open_alarms("provider_account") == [("sandbox", 1)]


@pytest.mark.parametrize("name", TROUBLES)
def test_the_next_purchases_cost_neither_money_nor_a_call(shopper: Shopper, name: str) -> None:
    trouble(shopper, name)
    refused(shopper)
    entries, calls = Entry.objects.count(), shopper.sandbox.log.counts()
    assert ["orderId" in refused(shopper) for _ in range(2)] == [False, False]
    assert (Order.objects.count(), Entry.objects.count(), shopper.sandbox.log.counts()) == (1, entries, calls)


def test_too_many_open_numbers_are_no_trouble_of_the_account(shopper: Shopper, provider: Provider) -> None:
    shopper.sandbox.shop.account.max_open = 0
    refused(shopper)
    assert not is_paused(provider)


def test_a_poll_that_finds_the_key_dead_pauses_too(shopper: Shopper, provider: Provider) -> None:
    order_id = shopper.buy()["id"]
    shopper.sandbox.shop.account.key_works = False
    assert shopper.order(order_id)["status"] == "WAITING"
    assert (is_paused(provider), provider.pause_reason) == (True, "BAD_KEY")


def test_what_is_open_there_goes_on(shopper: Shopper, provider: Provider) -> None:
    order_id = shopper.buy()["id"]
    pause_provider(provider.pk, "NO_BALANCE")
    shopper.deliver(order_id, "code 1111")
    assert shopper.order(order_id)["smsBody"] == "code 1111"


def listed(shopper: Shopper) -> list[tuple[str, int]]:
    _rendered.cache_clear()
    return [(item["priceCents"], item["count"]) for item in data(shopper.api.get("/prices?service=tg"))["items"]]


def test_its_prices_stay_listed(shopper: Shopper, provider: Provider) -> None:
    before = listed(shopper)
    trouble(shopper, "empty")
    refused(shopper)
    assert listed(shopper) == before == [("39", 100)]


def test_the_bounds_of_a_request_are_checked_first(shopper: Shopper, provider: Provider) -> None:
    pause_provider(provider.pk, "NO_BALANCE")
    assert error(shopper.api.post("/orders", WISH | {"service": "nope"})) == (400, "BAD_SERVICE")
    assert error(shopper.api.post("/orders", WISH, X_Max_Price_Cents="38")) == (400, "PRICE_CHANGED")


def test_paused_twice_is_paused_once(provider: Provider) -> None:
    pause_provider(provider.pk, "NO_BALANCE")
    pause_provider(provider.pk, "BAD_KEY")
    assert (is_paused(provider), provider.pause_reason) == (True, "NO_BALANCE")
    assert [resume_provider(provider.pk), resume_provider(provider.pk)] == [True, False]


# A second provider that sells the pair


@pytest.fixture
def second(provider: Provider) -> Provider:
    """Dearer: cost $0.40, price 52 cents; at the same sandbox with another name."""
    fields = {"dialect": "hero", "base_url": provider.base_url, "api_key": "sandbox", "calls_per_second": None}
    found, _ = set_provider("second", fields)
    Offer.objects.create(provider=found, service_id="tg", country_id=7, cost=Decimal("0.40"), count=9)
    pricing.rebuild_price_list()
    return found


def seller() -> tuple[str, int]:
    price = Price.objects.select_related("provider").get()
    return price.provider.name, price.price_cents


def test_another_provider_takes_over_and_gives_way_again(
    shopper: Shopper, provider: Provider, second: Provider
) -> None:
    assert seller() == ("sandbox", 39)
    pause_provider(provider.pk, "NO_BALANCE")
    assert (seller(), listed(shopper)) == (("second", 52), [("52", 9)])
    order = Order.objects.get(pk=shopper.buy()["id"])
    assert (order.provider, order.charged_cents) == (second, 52)
    resume_provider(provider.pk)
    assert seller() == ("sandbox", 39)


def test_where_both_are_paused_the_cheaper_is_listed_and_refused_as_such(
    shopper: Shopper, provider: Provider, second: Provider
) -> None:
    pause_provider(provider.pk, "NO_BALANCE")
    pause_provider(second.pk, "BAD_KEY")
    assert (seller(), listed(shopper)) == (("sandbox", 39), [("39", 100)])
    assert "orderId" not in refused(shopper)


@pytest.mark.django_db(transaction=True)
def test_a_pause_beside_another_writer_of_the_catalogue_is_followed_by_the_next_sync(
    shopper: Shopper, provider: Provider, second: Provider
) -> None:
    sync_catalogue(provider)
    sync_catalogue(second)
    Offer.objects.filter(provider=second).update(cost=Decimal("0.40"))
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [pricing.CATALOGUE_LOCK])
        pause_provider(provider.pk, "NO_BALANCE")
    finally:
        other.close()
    sync_catalogue(provider)
    watch.look_around()
    assert Price.objects.get(service_id="tg", country_id=7).provider == second


# When it goes on


def test_one_that_ran_empty_goes_on_when_the_balance_has_risen(shopper: Shopper, provider: Provider) -> None:
    account = shopper.sandbox.shop.account
    account.balance = Decimal("0.10")
    read_balance(provider)
    refused(shopper)
    for balance, stays in (("0.10", True), ("0.05", True), ("5.05", False)):
        account.balance = Decimal(balance)
        provider.refresh_from_db()
        read_balance(provider)
        assert is_paused(provider) is stays
    assert shopper.buy()["status"] == "WAITING"
    assert open_alarms("provider_account") == []


def read_after_ten_minutes(provider: Provider) -> None:
    Provider.objects.update(paused_at=Now() - timedelta(minutes=11))
    for _ in range(3):
        provider.refresh_from_db()
        read_balance(provider)


def test_who_pays_in_before_the_next_reading_is_seen_too(shopper: Shopper, provider: Provider) -> None:
    account = shopper.sandbox.shop.account
    account.balance = Decimal("0.59")
    read_balance(provider)
    shopper.buy()
    refused(shopper)  # 0.29 is left
    account.balance += Decimal("0.30")
    read_after_ten_minutes(provider)
    assert not is_paused(provider)


def test_who_pays_in_before_the_first_reading_is_seen_too(shopper: Shopper, provider: Provider) -> None:
    trouble(shopper, "empty")
    refused(shopper)
    shopper.sandbox.shop.account.balance = Decimal(100)
    read_after_ten_minutes(provider)
    assert not is_paused(provider)


@pytest.mark.parametrize(("minutes", "stays"), [(0, True), (9, True), (11, False)])
def test_one_that_banned_us_is_tried_again_after_ten_minutes(
    shopper: Shopper, provider: Provider, minutes: int, stays: bool
) -> None:
    trouble(shopper, "banned")
    refused(shopper)
    Provider.objects.update(paused_at=Now() - timedelta(minutes=minutes))
    provider.refresh_from_db()
    read_balance(provider)
    assert is_paused(provider) is stays


def test_a_ban_that_lasts_pauses_again(shopper: Shopper, provider: Provider) -> None:
    trouble(shopper, "banned")
    refused(shopper)
    resume_provider(provider.pk)
    refused(shopper)
    assert (is_paused(provider), open_alarms("provider_account")) == (True, [("sandbox", 1)])


def test_a_dead_key_goes_on_when_a_key_works(shopper: Shopper, provider: Provider) -> None:
    trouble(shopper, "key dead")
    refused(shopper)
    with pytest.raises(AccountTrouble):
        read_balance(provider)
    shopper.sandbox.shop.account.key, shopper.sandbox.shop.account.key_works = "new-key", True
    set_provider("sandbox", {"api_key": "new-key"})
    provider.refresh_from_db()
    read_balance(provider)
    assert not is_paused(provider)
    assert shopper.buy()["status"] == "WAITING"


def test_the_watch_asks_all_and_one_that_is_silent_stops_nobody(
    shopper: Shopper, provider: Provider, second: Provider
) -> None:
    Provider.objects.filter(pk=provider.pk).update(base_url="http://127.0.0.1:1")
    trouble(shopper, "key dead")
    pause_provider(second.pk, "BAD_KEY")
    shopper.sandbox.shop.account.key_works = True
    watch.read_balances()
    assert (is_paused(second), BalanceReading.objects.get().provider) == (False, second)


def test_a_person_lets_it_go_on(shopper: Shopper, provider: Provider) -> None:
    pause_provider(provider.pk, "NO_BALANCE")
    ops = signed_in(accounts.create_user("ops@example.com", PASSWORD, is_staff=True))
    page = resume_by_hand(ops, provider)
    assert "1 providers are no longer paused." in page
    assert (is_paused(provider), open_alarms("provider_account")) == (False, [])
    assert "0 providers are no longer paused." in resume_by_hand(ops, provider)


def resume_by_hand(ops: Client, provider: Provider) -> str:
    wish = {"action": "resume", "_selected_action": provider.pk}
    return ops.post("/admin/catalog/provider/", wish, follow=True).content.decode()


@pytest.mark.django_db(transaction=True)
def test_many_that_find_the_trouble_at_once_pause_once(shopper: Shopper, provider: Provider) -> None:
    trouble(shopper, "empty")
    start = threading.Barrier(3)
    codes: list[str] = []

    def purchase() -> None:
        start.wait()
        codes.append(shopper.api.post("/orders", WISH).json()["code"])
        connection.close()

    threads = [threading.Thread(target=purchase) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == ["UPSTREAM_UNAVAILABLE"] * 3
    assert (open_alarms("provider_account"), shopper.balance()) == ([("sandbox", 1)], 2500)
