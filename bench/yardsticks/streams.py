"""Server-sent events from a process of their own: asyncio without a framework, one look a second for all.

A sketch to compare with. It has no ticket, no session and syncs nothing, so it costs less than a real one would.
DATABASE_URL comes from the environment: `python -m bench.yardsticks.streams PORT`.
"""

import asyncio
import os
import sys
from contextlib import suppress

import psycopg

LOOK = """
SELECT user_id, md5(string_agg(concat_ws('-', o.id, o.status, o.phone IS NULL,
       (SELECT count(*) FROM orders_sms s WHERE s.order_id = o.id)), ' ' ORDER BY o.id))
FROM orders_order o WHERE user_id = ANY(%s) AND status IN ('WAITING', 'RECEIVED') GROUP BY user_id
"""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n"
BEAT_SECONDS = 15
streams: dict[str, set[asyncio.StreamWriter]] = {}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """GET /streams/<user>; the stream ends when the client goes."""
    request = await reader.readuntil(b"\r\n\r\n")
    user = request.split(b" ")[1].decode().rpartition("/")[2]
    writer.write(HEAD)
    streams.setdefault(user, set()).add(writer)
    with suppress(ConnectionError):
        await reader.read()
    streams[user].discard(writer)


async def look_for_ever(database: psycopg.AsyncConnection[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    while True:
        found = await database.execute(LOOK, [list(streams)])
        for user, mark in await found.fetchall():
            if seen.get(user) != mark:
                send(user, f"data: {mark}\n\n".encode())
                seen[user] = mark
        await asyncio.sleep(1)


async def beat_for_ever() -> None:
    """So that proxies keep the lines open, and lines that are dead are found."""
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        for user in list(streams):
            send(user, b": beat\n\n")


def send(user: str, event: bytes) -> None:
    for writer in streams.get(user, ()):
        writer.write(event)


async def main() -> None:
    database = await psycopg.AsyncConnection.connect(os.environ["DATABASE_URL"], autocommit=True)
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=2048)
    async with server:
        await asyncio.gather(look_for_ever(database), beat_for_ever())


if __name__ == "__main__":
    asyncio.run(main())
