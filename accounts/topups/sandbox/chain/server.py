"""The chain's HTTP server: TronGrid's replies, and the page."""

import json
import socket
import struct
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from accounts.topups.sandbox.chain import wire
from accounts.topups.sandbox.chain.faults import Fault, Faults
from accounts.topups.sandbox.chain.ledger import Ledger
from accounts.topups.sandbox.chain.page import Page

MAX_BODY = 64 * 1024
_LINGER_NONE = struct.pack("ii", 1, 0)
_JSON = "application/json"
_QUESTIONS = {
    "/wallet/gettransactioninfobyid": wire.transaction_info,
    "/wallet/getnowblock": wire.now_block,
    "/wallet/triggerconstantcontract": wire.constant_contract,
}


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str
    query: dict[str, str]
    api_key: str


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(
        self, address: tuple[str, int], ledger: Ledger, faults: Faults, calls: list[Call], api_key: str
    ) -> None:
        self.ledger = ledger
        self.faults = faults
        self.calls = calls
        self.api_key = api_key
        self.page = Page(ledger)
        self.stopping = threading.Event()
        super().__init__(address, Line)

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Line(BaseHTTPRequestHandler):
    """The exchange over one connection."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox-chain"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY:
            self.close_connection = True
            self._write(Reply(413, "text/plain", b"Too long"))
            return
        self._answer(self.rfile.read(int(length)))

    def _answer(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if reply := self.server.page.answer(self.command, parts.path, query, body):
            self._write(Reply(*reply))
            return
        api_key = self.headers.get("TRON-PRO-API-KEY", "")
        self.server.calls.append(Call(self.command, parts.path, query, api_key))
        fault = self.server.faults.take(parts.path)
        if fault:
            self._spoil(fault, parts.path, query, body)
        else:
            self._write(self._reply(parts.path, query, body, api_key))

    def _reply(self, path: str, query: dict[str, str], body: bytes, api_key: str) -> Reply:
        if self.server.api_key not in ("", api_key):
            return _json(403, {"success": False, "error": "the API key is not known", "statusCode": 403})
        try:
            told = self._told(path, query, body)
        except (wire.BadQuestion, ValueError) as problem:
            return _json(400, {"success": False, "error": str(problem), "statusCode": 400})
        return _json(404, {"Error": "no such path"}) if told is None else _json(200, told)

    def _told(self, path: str, query: dict[str, str], body: bytes) -> wire.Json | None:
        ledger = self.server.ledger
        if path in _QUESTIONS and self.command == "POST":
            return _QUESTIONS[path](ledger, _object(body))
        match path.split("/")[1:]:
            case ["v1", "accounts", address, "transactions", "trc20"]:
                return wire.transfers(ledger, address, query, f"http://{self.headers.get('Host', '')}")
        return None

    def _spoil(self, fault: Fault, path: str, query: dict[str, str], body: bytes) -> None:
        self.close_connection = fault.kind != "reply"
        match fault.kind:
            case "timeout":
                self.server.stopping.wait(30)
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
            case "cut":
                whole = _canned(fault) if fault.body else self._reply(path, query, body, self.server.api_key)
                self._write(whole, whole.body[: len(whole.body) // 2])
            case "drip":
                whole = self._reply(path, query, body, self.server.api_key)
                self._write(whole, b"")
                self._drip(whole.body, fault.seconds)
            case "drip_headers":
                self._drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 50, fault.seconds)
            case "reply":
                self._write(_canned(fault))

    def _drip(self, data: bytes, seconds: float) -> None:
        for place in range(len(data)):
            if self.server.stopping.wait(seconds):
                return
            self.wfile.write(data[place : place + 1])

    def _write(self, reply: Reply, body: bytes | None = None) -> None:
        """body: where another comes than the headers promise."""
        self.send_response(reply.status)
        for name, value in (("Content-Type", reply.content_type), ("Content-Length", str(len(reply.body)))):
            self.send_header(name, value)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body if body is None else body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def _canned(fault: Fault) -> Reply:
    return Reply(fault.status, _JSON, fault.body, tuple(fault.headers.items()))


def _json(status: int, told: wire.Json) -> Reply:
    return Reply(status, _JSON, json.dumps(told).encode())


def _object(body: bytes) -> wire.Json:
    told = json.loads(body or b"{}")
    if not isinstance(told, dict):
        raise wire.BadQuestion("send a JSON object")
    return told
