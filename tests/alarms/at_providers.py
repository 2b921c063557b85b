"""What goes wrong at a provider, or with our account there."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

from django.db.models.functions import Now

from catalog import tasks as catalog
from catalog.services.providers import _adapter
from catalog.services.syncing import sync_catalogue
from catalog.upstream.sandbox.engine.shop import Wish
from jiema import watch
from orders.models import StrayActivation
from orders.services import desk, reconciling
from tests.alarms.scene import Scene, Story, fault


@fault("provider_account")
def emptied(scene: Scene) -> Story:
    scene.sandbox.shop.account.balance = Decimal("0.29")
    watch.read_balances()
    scene.refused()
    yield "sandbox"
    watch.read_balances()
    watch.look_around()
    yield 1
    scene.sandbox.shop.account.balance = Decimal(100)
    watch.read_balances()


@fault("provider_account")
def banned(scene: Scene) -> Story:
    scene.sandbox.shop.account.banned_until = 9e9
    scene.refused()
    yield "sandbox"
    watch.read_balances()
    watch.look_around()
    yield 1
    scene.provider_is(paused_at=Now() - timedelta(minutes=11))
    watch.read_balances()


@fault("provider_account")
def key_is_dead(scene: Scene) -> Story:
    scene.sandbox.shop.account.key_works = False
    scene.refused()
    yield "sandbox"
    watch.read_balances()
    watch.look_around()
    yield 1
    scene.sandbox.shop.account.key_works = True
    watch.read_balances()


@fault("provider_down")
def three_timeouts(scene: Scene) -> Story:
    hours = iter(range(0, 10_000, 100))
    scene.patches.setattr("catalog.breaker.time", SimpleNamespace(monotonic=lambda: next(hours)))
    scene.patches.setattr("catalog.upstream.adapter.TOTAL_SECONDS", 0.1)
    scene.sandbox.fail("*", "timeout", times=None)
    for _ in range(3):
        scene.refused()
    yield "sandbox"
    _adapter.cache_clear()  # another process
    for _ in range(3):
        scene.refused()
    yield 2
    scene.sandbox.faults.clear()
    scene.patches.setattr("catalog.upstream.adapter.TOTAL_SECONDS", 8.0)
    watch.read_balances()


@fault("provider_balance_low")
def balance_falls(scene: Scene) -> Story:
    scene.provider_is(low_balance=50)
    scene.sandbox.shop.account.balance = Decimal(49)
    watch.read_balances()
    watch.look_around()
    yield "sandbox"
    watch.look_around()
    yield 1
    scene.sandbox.shop.account.balance = Decimal(50)
    watch.read_balances()
    watch.look_around()


@fault("catalogue_refused")
def no_catalogue(scene: Scene) -> Story:
    scene.sandbox.fail("getPrices", "html", times=2)
    catalog.sync_provider(scene.provider.pk)
    yield "sandbox"
    catalog.sync_provider(scene.provider.pk)
    yield 2
    catalog.sync_provider(scene.provider.pk)


@fault("catalogue_old")
def catalogue_ages(scene: Scene) -> Story:
    scene.provider_is(synced_at=Now() - timedelta(minutes=16))
    watch.look_around()
    yield "sandbox"
    watch.look_around()
    yield 1
    sync_catalogue(scene.provider)
    watch.look_around()


@fault("stray_activation")
def bought_by_hand(scene: Scene) -> Story:
    scene.shopper.buy()
    scene.sandbox.shop.buy(Wish("tg", 7))
    reconciling.sweep(scene.provider)
    StrayActivation.objects.update(first_seen_at=Now() - timedelta(seconds=45))
    watch.look_around()
    yield "sandbox: 700000002"
    watch.look_around()
    yield 1
    desk.settle_stray(StrayActivation.objects.get().pk, "ops@example.com", "bought by hand")
    watch.look_around()
