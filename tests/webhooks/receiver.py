"""A customer's server: https with a certificate of its own, answers as it is told, remembers what came."""

import json
import os
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from orders.webhooks.wire import Line

PUBLIC = "93.184.215.14"
NAMES = ["hooks.example.com", "slow.example.com", "other.example.com"]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    head = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


@cache
def _identity() -> tuple[bytes, bytes]:
    """Certificate and key as PEM; the certificate is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a customer")])
    now = timezone.now()
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1)
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in NAMES]), critical=False)
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return builder.sign(key, hashes.SHA256()).public_bytes(pem), key.private_bytes(pem, *plain)


@cache
def trusting() -> ssl.SSLContext:
    """What knows that certificate."""
    return ssl.create_default_context(cadata=_identity()[0].decode())


@cache
def _serving() -> ssl.SSLContext:
    certificate, key = _identity()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        for name, content in (("certificate", certificate), ("key", key)):
            Path(folder, name).write_bytes(content)
        context.load_cert_chain(Path(folder, "certificate"), Path(folder, "key"))
    return context


@dataclass
class Request:
    line: str
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Act = Callable[[socket.socket], None]


def hang(sock: socket.socket) -> None:
    time.sleep(1.5)


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(sock.detach())


def flood(sock: socket.socket) -> None:
    """Says that a gigabyte comes, and sends as long as somebody takes it."""
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    for _ in range(1024):
        sock.sendall(b"x" * 1_048_576)


def drip(sock: socket.socket) -> None:
    """A head that never ends, byte by byte."""
    sock.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        sock.sendall(b"x")
        time.sleep(0.05)


@dataclass
class Receiver:
    """acts: what it does with the next requests, bytes to answer or an act; then it says 200."""

    acts: list[bytes | Act] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> "Receiver":
        outer, serving = self, _serving()

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                outer.connections += 1
                try:
                    outer._serve(serving.wrap_socket(self.request, server_side=True))
                except OSError:
                    return

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, sock: ssl.SSLSocket) -> None:
        with sock, sock.makefile("rb") as stream:
            line, headers = stream.readline().decode().strip(), {}
            while head := stream.readline().decode().strip():
                name, _, value = head.partition(": ")
                headers[name.lower()] = value
            body = stream.read(int(headers.get("content-length", 0))).decode()
            self.requests.append(Request(line, headers, body))
            act = self.acts.pop(0) if self.acts else OK
            if callable(act):
                act(sock)
            else:
                sock.sendall(act)

    def line(self, addresses: dict[str, list[str]] | None = None) -> Line:
        """The way to it: its names have a public address, and whoever dials that gets here."""
        known = {name: [PUBLIC] for name in NAMES} | (addresses or {})

        def dial(address: str, port: int, seconds: float) -> socket.socket:
            assert address == PUBLIC, address
            return socket.create_connection(("127.0.0.1", self.port), seconds)

        def resolve(host: str, port: int) -> list[str]:
            if host not in known:
                raise socket.gaierror(-2, "Name or service not known")
            return known[host]

        return Line(resolve=resolve, dial=dial, tls=trusting)
