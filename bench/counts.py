"""What one request costs the stores in the steady state, by their own statistics: exact, not sampled."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg
from redis import Redis

from bench.load import CannotMeasure
from bench.stage import Contestant, Stage

REQUESTS = 500


@dataclass(frozen=True)
class Counts:
    """Totals since the servers' start. connections: opened to PostgreSQL and to Valkey."""

    statements: int
    commands: int
    connections: int

    def per_request(self, before: Counts) -> Counts:
        """Raises CannotMeasure where the difference is no multiple of the requests."""
        return Counts(
            _each(self.statements - before.statements),
            _each(self.commands - before.commands),
            _each(self.connections - before.connections),
        )


def _each(total: int) -> int:
    if total % REQUESTS:
        raise CannotMeasure(f"{REQUESTS} requests cost {total}: that is not the same for each.")
    return total // REQUESTS


def count(stage: Stage, contestant: Contestant) -> Counts:
    """Per request. The servers are warm: every thread has its connections and statements."""
    with (
        psycopg.connect(f"{stage.database_url}/postgres", autocommit=True) as db,
        Redis.from_url(stage.redis_url) as valkey,
    ):
        db.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        before = _look(db, valkey)
        for line in contestant.targets.read_text().splitlines()[:REQUESTS]:
            ask(contestant, *line.split())
        return _look(db, valkey).per_request(before)


def _look(db: psycopg.Connection[Any], valkey: Redis) -> Counts:
    """Statements by pg_stat_statements; commands of all clients but this one, whose scripts count as one."""
    row = db.execute(
        "SELECT (SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid"
        " WHERE d.datname = 'jiema'),"
        " (SELECT sessions FROM pg_stat_database WHERE datname = 'jiema')"
    ).fetchone()
    assert row is not None
    me = str(valkey.client_id())
    clients: list[dict[str, str]] = valkey.client_list()
    commands = sum(int(client["tot-cmds"]) for client in clients if client["id"] != me)
    accepted: int = valkey.info("stats")["total_connections_received"]
    return Counts(int(row[0]), commands, int(row[1]) + accepted)


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
