"""What one request costs the stores in the steady state, by their own statistics: exact, not sampled."""

from __future__ import annotations

import http.client
import itertools
import time
from dataclasses import dataclass
from typing import Any, LiteralString
from urllib.parse import urlsplit

import psycopg
from redis import Redis
from redis.client import Monitor

from bench.load import CannotMeasure
from bench.stage import Contestant, Stage

REQUESTS = 500


@dataclass(frozen=True)
class Counts:
    """Of one request. commands: a script is one. connections: opened to PostgreSQL and to Valkey."""

    statements: int
    commands: int
    connections: int


def count(stage: Stage, contestant: Contestant) -> Counts:
    """The server is warm: each of its threads has its connections. Raises CannotMeasure."""
    with (
        psycopg.connect(f"{stage.database_url}/postgres", autocommit=True) as db,
        Redis.from_url(stage.redis_url) as valkey,
        Redis.from_url(stage.redis_url) as watched,
    ):
        db.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        _let_finish(db)
        watched.ping()
        before = _statements(db), _connections(db, valkey)
        with watched.monitor() as monitor:
            for line in contestant.targets.read_text().splitlines()[:REQUESTS]:
                ask(contestant, *line.split())
            valkey.echo("over")
            commands = _commands_until(monitor, "ECHO over")
        statements, connections = _statements(db) - before[0], _connections(db, valkey) - before[1]
    return Counts(_each("statements", statements), _each("commands", commands), _each("connections", connections))


def _let_finish(db: psycopg.Connection[Any]) -> None:
    """wrk leaves without waiting for its last replies; the server still works on them."""
    seen = -1
    while seen != (now := _statements(db)):
        seen = now
        time.sleep(0.5)


def _statements(db: psycopg.Connection[Any]) -> int:
    return _number(
        db,
        "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid"
        " WHERE d.datname = 'jiema'",
    )


def _connections(db: psycopg.Connection[Any], valkey: Redis) -> int:
    sessions = _number(db, "SELECT sessions FROM pg_stat_database WHERE datname = 'jiema'")
    return sessions + int(valkey.info("stats")["total_connections_received"])


def _number(db: psycopg.Connection[Any], query: LiteralString) -> int:
    row = db.execute(query).fetchone()
    return int(row[0]) if row else 0


def _commands_until(monitor: Monitor, last: str) -> int:
    """How many clients sent; those that a script calls do not go over the wire."""
    commands = itertools.takewhile(lambda command: command["command"] != last, monitor.listen())  # type: ignore[no-untyped-call]
    return sum(command["client_type"] != "lua" for command in commands)


def _each(what: str, total: int) -> int:
    if total % REQUESTS:
        raise CannotMeasure(f"{REQUESTS} requests took {total} {what}: that is not the same for each.")
    return total // REQUESTS


def ask(contestant: Contestant, path: str, token: str) -> bytes:
    """One request on a connection of its own. Raises CannotMeasure unless it is answered by 200."""
    connection = http.client.HTTPConnection(urlsplit(contestant.address).netloc, timeout=10)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        reply = connection.getresponse()
        body = reply.read()
    finally:
        connection.close()
    if reply.status != 200:
        raise CannotMeasure(f"{contestant.name} answers {path} by {reply.status}: {body[:200]!r}")
    return body
