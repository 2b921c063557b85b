"""The same work with no Django in the way: the same statement and limiter script by FastAPI and asyncpg."""

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import django
from fastapi import FastAPI, HTTPException, Request, Response
from redis.asyncio import Redis

django.setup()

from accounts.selectors import caller_statement  # noqa: E402
from jiema.api import limits, tokens  # noqa: E402
from jiema.api.addresses import is_within  # noqa: E402
from orders.selectors import ride_for  # noqa: E402

STATEMENT = caller_statement(ride_for("").sql)
LIMITS = [int(os.environ[f"API_{name}_PER_WINDOW"]) for name in ("ORDER_POLLS", "KEY_POLLS")]
WINDOW = 60_000_000


@asynccontextmanager
async def stores(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=4, max_size=4) as app.state.database:
        app.state.valkey = Redis.from_url(os.environ["REDIS_URL"], max_connections=64)
        await app.state.valkey.script_load(limits.SCRIPT)
        yield
        await app.state.valkey.aclose()


application = FastAPI(lifespan=stores)


@application.get("/api/v1/orders/{order_id}")
async def order(order_id: str, request: Request) -> Response:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not tokens.is_well_formed(token):
        raise HTTPException(401)
    digest = hashlib.sha256(token.encode()).digest()
    found = await application.state.database.fetchrow(STATEMENT, digest, order_id)
    if found is None:
        raise HTTPException(401)
    _user, key, is_blocked, _reads, _writes, _is_read_only, networks, text = found
    address = request.client.host if request.client else ""
    if is_blocked or (networks and not is_within(address, networks)):
        raise HTTPException(403)
    names = (f"poll:{order_id}:{key}", f"polls:{key}", limits.USES)
    checked = application.state.valkey.evalsha(limits.SHA, 3, *names, WINDOW, *LIMITS, key, address)
    allowed, tightest, left, wait = await checked
    if not allowed:
        raise HTTPException(429)
    if text is None:
        raise HTTPException(404)
    headers = {
        "RateLimit-Limit": str(LIMITS[tightest - 1]),
        "RateLimit-Remaining": str(left),
        "RateLimit-Reset": str(max(1, -(-wait // 1_000_000))),
        "Cache-Control": "no-store",
    }
    return Response('{"ok":true,"data":' + text[1:] + "}", media_type="application/json", headers=headers)
