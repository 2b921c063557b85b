"""What one poll costs PostgreSQL and Valkey in the steady state, by what these servers themselves report."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.db.models.functions import Now
from django.test import RequestFactory
from redis import Redis
from redis.client import Monitor

from catalog.models import Provider
from orders.models import Order
from tests.conftest import WISH, Api, data

POLLS = 100


@pytest.fixture
def poll(transactional_db: None, api: Api, provider: Provider, settings: Any) -> Any:
    """One GET as the web server makes it: no test client, no transaction around it. Warm already."""
    settings.API_ORDER_POLLS_PER_WINDOW = settings.API_KEY_POLLS_PER_WINDOW = 1000
    order = data(api.post("/orders", WISH))
    # A poll between two syncs: nobody is to ask the provider while we count.
    Order.objects.filter(pk=order["id"]).update(synced_at=Now() + timedelta(hours=1))
    handler = WSGIHandler()
    environ = RequestFactory().get(f"/api/v1/orders/{order['id']}", headers={"X-API-Key": api.token}).environ

    def one() -> None:
        statuses: list[str] = []
        response = handler({**environ, "wsgi.input": BytesIO()}, lambda status, headers: statuses.append(status))
        response.close()
        assert statuses == ["200 OK"]

    for _ in range(10):
        one()
    return one


@contextmanager
def statements_told() -> Iterator[list[str]]:
    """PostgreSQL tells this connection each statement that it executes on it, BEGIN and COMMIT too."""
    told: list[str] = []

    def listen(notice: psycopg.errors.Diagnostic) -> None:
        told.append(notice.message_primary or "")

    with connection.cursor() as cursor:
        cursor.execute("SET client_min_messages = log")
        cursor.execute("SET log_statement = 'all'")
        connection.connection.add_notice_handler(listen)
    yield told
    connection.connection.remove_notice_handler(listen)
    connection.close()


def test_a_poll_is_one_statement(poll: Any) -> None:
    with statements_told() as told:
        for _ in range(POLLS):
            poll()
    assert len(told) == POLLS
    assert len(set(told)) == 1
    assert "accounts_apikey" in told[0]


def test_a_poll_opens_no_connection_to_postgresql(poll: Any) -> None:
    before = connection.connection.info.backend_pid
    for _ in range(POLLS):
        poll()
    assert connection.connection.info.backend_pid == before


@pytest.fixture
def watcher() -> Iterator[Redis]:
    with Redis.from_url(settings.REDIS_URL) as client:
        client.ping()
        yield client


def commands_until(monitor: Monitor, last: str) -> list[dict[str, Any]]:
    """Those of clients in our database; what a script calls is part of the script."""
    seen: list[dict[str, Any]] = []
    for command in monitor.listen():
        if command["command"] == last:
            return seen
        if command["client_type"] != "lua" and command["db"] == our_database():
            seen.append(command)
    return seen


def our_database() -> int:
    return int(settings.REDIS_URL.rpartition("/")[2])


def test_a_poll_is_one_command_to_valkey_on_one_connection(poll: Any, watcher: Redis) -> None:
    with Redis.from_url(settings.REDIS_URL) as client, client.monitor() as monitor:
        for _ in range(POLLS):
            poll()
        watcher.echo("over")
        seen = commands_until(monitor, last="ECHO over")
    assert len(seen) == POLLS
    assert {command["command"].split()[0] for command in seen} == {"EVALSHA"}
    assert len({command["client_port"] for command in seen}) == 1
