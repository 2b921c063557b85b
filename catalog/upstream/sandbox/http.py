"""As much of HTTP/1.1 as a provider's script needs: small requests, keep-alive, whole replies."""

import asyncio
import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

MAX_BODY = 1 << 20


class BadRequest(Exception):
    """Not HTTP as we know it. The text goes to the client."""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    body: bytes
    keep_alive: bool


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request; None where the client has gone. Raises BadRequest."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except asyncio.LimitOverrunError:
        raise BadRequest("headers too long") from None
    method, target, version, headers = _parse_head(head.decode("latin-1"))
    path, query = _parse_target(target)
    body = await _read_body(reader, headers)
    keep_alive = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
    return Request(method, path, form(query), body, keep_alive)


def form(text: str) -> dict[str, str]:
    """A query string or a form's body. Of a repeated name the last counts."""
    return dict(parse_qsl(text, keep_blank_values=True))


def render(status: int, content_type: str, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Server: sandbox"]
    if status != HTTPStatus.NO_CONTENT:
        lines += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "\r\n"]).encode() + body


def _parse_head(head: str) -> tuple[str, str, str, dict[str, str]]:
    first, *rest = head.split("\r\n")
    try:
        method, target, version = first.split(" ")
    except ValueError:
        raise BadRequest("not an HTTP request") from None
    headers = {}
    for line in rest:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return method, target, version, headers


def _parse_target(target: str) -> tuple[str, str]:
    try:
        parts = urlsplit(target)
    except ValueError:
        raise BadRequest("not an address") from None
    return parts.path, parts.query


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "transfer-encoding" in headers:
        raise BadRequest("send a Content-Length")
    length = headers.get("content-length", "0")
    if not re.fullmatch("[0-9]{1,7}", length) or int(length) > MAX_BODY:
        raise BadRequest("body too long")
    try:
        return await reader.readexactly(int(length))
    except asyncio.IncompleteReadError:
        raise BadRequest("body cut short") from None
