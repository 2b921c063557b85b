"""What goes wrong in our own house."""

import math
from datetime import timedelta
from typing import NoReturn

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from accounts.wallet.models import Wallet
from jiema import tasks, watch
from jiema.alarms.models import Tick
from jiema.api import limits, valkey
from orders.models import SalesStop
from orders.services import stopping
from tests.alarms.scene import SECRETS, Scene, Story, fault
from tests.conftest import data, unguard


def broken(*values: object, **options: object) -> NoReturn:
    raise RuntimeError(SECRETS["exception's words"])


@fault("books_breach")
def drifted_balance(scene: Scene) -> Story:
    unguard()
    Wallet.objects.update(balance_cents=2600)
    tasks.check_books()
    yield f"entries sum to the wallet's balance: {scene.shopper.user.pk}"
    tasks.check_all_books()
    yield 2
    Wallet.objects.update(balance_cents=2500)


@fault("sales_stopped")
def by_a_person(scene: Scene) -> Story:
    stopping.stop_sales("strange prices", "ops@example.com")
    yield "strange prices"
    watch.look_around()
    yield 1
    stopping.lift_stop(SalesStop.objects.get().pk, "ops@example.com")


@fault("worker_silent")
def no_tick(scene: Scene) -> Story:
    Tick.objects.create(name=watch.WORKER, at=Now() - timedelta(seconds=61))
    Client().get("/readyz")
    yield ""
    Client().get("/readyz")
    yield 2
    watch.look_around()


@fault("limits_fell_back")
def valkey_away(scene: Scene) -> Story:
    before = settings.REDIS_URL
    scene.settings.REDIS_URL = "redis://127.0.0.1:1/0"
    valkey.forget()
    for _ in range(2):
        scene.patches.setattr(limits._Told, "at", -math.inf)
        data(scene.shopper.api.get("/account"))
        data(scene.shopper.api.get("/account"))
        yield "" if before != scene.settings.REDIS_URL and _ == 0 else 2
    scene.settings.REDIS_URL = before
    watch.look_around()


@fault("database_away")
def connections_cut(scene: Scene) -> Story:
    for told in ("", 2):
        cut_off()
        watch.look_around()
        watch.look_around()  # still away: nothing can be told
        connection.close()
        watch.look_around()
        yield told


def cut_off() -> None:
    """The server ends our connection, as where it restarts."""
    connection.ensure_connection()
    mine = connection.connection.info.backend_pid
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [mine])
    finally:
        other.close()


@fault("internal_error")
def in_the_api(scene: Scene) -> Story:
    scene.patches.setattr("orders.selectors.order_page", broken)
    for told in ("RuntimeError in of_ours.py:broken", 2):
        assert scene.shopper.api.get("/orders").status_code == 500
        yield told


@fault("internal_error")
def in_a_page(scene: Scene) -> Story:
    scene.patches.setattr("jiema.site.views.find_services", broken)
    for told in ("RuntimeError in of_ours.py:broken", 2):
        assert Client(raise_request_exception=False).get("/").status_code == 500
        yield told


@fault("internal_error")
def in_a_task(scene: Scene) -> Story:
    scene.patches.setattr("jiema.watch.look_around", broken)
    for told in ("RuntimeError in of_ours.py:broken", 2):
        assert tasks.watch_shop.apply().state == "FAILURE"
        yield told
