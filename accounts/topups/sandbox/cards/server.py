"""The sandbox's HTTP server: /v1 for the shop, all else for the customer's browser."""

import base64
import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from accounts.topups.sandbox.cards.api import Api, call_name
from accounts.topups.sandbox.cards.faults import Fault, Faults
from accounts.topups.sandbox.cards.forms import Pairs, pairs_of
from accounts.topups.sandbox.cards.page import Page
from accounts.topups.sandbox.cards.refusals import Refusal
from accounts.topups.sandbox.cards.replays import Replays
from accounts.topups.sandbox.cards.shapes import new_id

MAX_BODY = 1 << 20
IDLE_SECONDS = 30
_LINGER_NONE = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: closing resets
Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that was made. headers: with lower-case names."""

    call: str
    pairs: Pairs
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a request may need. key: that is accepted; None accepts any test key."""

    api: Api
    page: Page
    faults: Faults
    replays: Replays
    calls: list[Asked]
    key: str | None
    tick: Callable[[], None]
    is_over: threading.Event


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, desk: Desk) -> None:
        """Raises OSError where the address cannot be had."""
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.desk = desk
        super().__init__((host, port), Handler)

    def service_actions(self) -> None:
        self.desk.tick()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are none of our business."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""

    def _serve(self, method: str) -> None:
        url = urlsplit(self.path)
        body = self._body()
        if not url.path.startswith("/v1/"):
            self._send(*self.server.desk.page.answer(method, url.path, body))
            return
        call, _ = call_name(method, url.path.removeprefix("/v1/"))
        pairs = pairs_of(url.query if method == "GET" else body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.desk.calls.append(Asked(call, pairs, headers))
        fault = self.server.desk.faults.take(call)
        if fault and not fault.after and fault.kind not in ("cut", "drip"):
            self._spoil(fault, b"")
            return
        status, reply, more = self._answer(method, url.path.removeprefix("/v1/"), pairs, headers)
        if fault:
            self._spoil(fault, reply)
        else:
            self._send(status, reply, {"Content-Type": "application/json", **more})

    def _answer(self, method: str, path: str, pairs: Pairs, headers: Headers) -> tuple[int, bytes, Headers]:
        desk = self.server.desk
        more = {"Request-Id": new_id("req"), "Stripe-Version": headers.get("stripe-version", "")}
        try:
            _check_key(headers.get("authorization", ""), desk.key)
            key = headers.get("idempotency-key")
            if method == "POST" and key:
                answer, is_old = desk.replays.once(key, path, pairs, lambda: desk.api.answer(method, path, pairs))
                more |= {"Idempotency-Key": key} | ({"Idempotent-Replayed": "true"} if is_old else {})
            else:
                answer = desk.api.answer(method, path, pairs)
        except Refusal as refusal:
            return refusal.status, json.dumps(refusal.body).encode(), more
        return 200, json.dumps(answer).encode(), more

    def _spoil(self, fault: Fault, reply: bytes) -> None:
        self.close_connection = True
        match fault.kind:
            case "timeout":
                self.server.desk.is_over.wait(IDLE_SECONDS)
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
                self.connection.close()
            case "cut":
                self._head(200, len(reply), {"Content-Type": "application/json"})
                self.wfile.write(reply[: len(reply) // 2])
            case "drip":
                self._head(200, len(reply), {"Content-Type": "application/json"})
                self._drip(reply)
            case "html":
                self._send(200, b"<!DOCTYPE html><title>Just a moment...</title>", {"Content-Type": "text/html"})
            case "reply":
                self._send(fault.status, fault.body.encode(), {"Content-Type": "application/json"})
            case "close":
                pass
            case status:
                self._send(int(status), _refused(int(status)), {"Content-Type": "application/json"})

    def _drip(self, reply: bytes) -> None:
        for place in range(len(reply)):
            self.wfile.write(reply[place : place + 1])
            if self.server.desk.is_over.wait(0.1):
                return

    def _body(self) -> str:
        length = self.headers.get("Content-Length") or "0"
        size = int(length) if length.isascii() and length.isdecimal() else 0
        return self.rfile.read(min(size, MAX_BODY)).decode("utf-8", "replace")

    def _send(self, status: int, body: bytes, headers: Headers) -> None:
        self._head(status, len(body), headers)
        self.wfile.write(body)

    def _head(self, status: int, length: int, headers: Headers) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()


def _check_key(authorization: str, wanted: str | None) -> None:
    """As a Bearer token or as the user of basic authentication. Raises Refusal."""
    how, _, key = authorization.partition(" ")
    if how.lower() == "basic":
        try:
            key = base64.b64decode(key, validate=True).decode().partition(":")[0]
        except ValueError:
            key = ""
    if not key:
        raise Refusal(401, "You did not provide an API key.")
    if not (key.startswith("sk_test_") if wanted is None else key == wanted):
        raise Refusal(401, f"Invalid API Key provided: {key[:8]}{'*' * 8}{key[-4:]}")


def _refused(status: int) -> bytes:
    code = {429: "rate_limit", 409: "lock_timeout"}.get(status)
    kind = "api_error" if status >= 500 else "invalid_request_error"
    error = {"code": code, "message": HTTPStatus(status).phrase, "type": kind}
    return json.dumps({"error": {name: value for name, value in error.items() if value}}).encode()
