"""A server of raw sockets that does exactly what a test tells it, connection by connection."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

Act = Callable[[socket.socket], None]


@dataclass
class Scripted:
    """requests: the first lines as they came. connections: how many were opened."""

    url: str
    requests: list[str] = field(default_factory=list)
    connections: int = 0

    @property
    def actions(self) -> list[str]:
        return [self.query(i)["action"] for i in range(len(self.requests))]

    def query(self, index: int) -> dict[str, str]:
        target = self.requests[index].split()[1]
        return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


@contextmanager
def scripted(*acts: Act | list[Act]) -> Iterator[Scripted]:
    """One entry a connection: what to do after its request; a list for several on one connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Scripted(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    opened = [listener]
    threads: list[threading.Thread] = []
    threads.append(threading.Thread(target=_accept, args=(opened, threads, server, acts), daemon=True))
    threads[0].start()
    try:
        yield server
    finally:
        for sock in opened:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
        listener.close()


def _accept(
    opened: list[socket.socket], threads: list[threading.Thread], server: Scripted, acts: tuple[Act | list[Act], ...]
) -> None:
    for act in acts:
        try:
            connection, _ = opened[0].accept()
        except OSError:
            return
        server.connections += 1
        opened.append(connection)
        threads.append(threading.Thread(target=_serve, args=(connection, server, act), daemon=True))
        threads[-1].start()


def _serve(connection: socket.socket, server: Scripted, act: Act | list[Act]) -> None:
    with connection, suppress(OSError):
        connection.settimeout(5)
        _play(connection, server, act if isinstance(act, list) else [act])


def _play(connection: socket.socket, server: Scripted, acts: list[Act]) -> None:
    for act in acts:
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(4096)
            if not piece:
                return
            request += piece
        server.requests.append(request.split(b"\r\n")[0].decode())
        act(connection)


def send(data: bytes) -> Act:
    return lambda connection: connection.sendall(data)


def answer(body: str | bytes, status: int = 200, *headers: str) -> Act:
    """A whole reply, and the end of the connection, as announced."""
    return stay(body, status, "Connection: close", *headers)


def stay(body: str | bytes, status: int = 200, *headers: str) -> Act:
    """A whole reply on a connection that promises to stay open."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}", *headers]
    return send("\r\n".join(lines).encode() + b"\r\n\r\n" + content)


def drip(data: bytes, pause: float) -> Act:
    """A byte at a time, so that no single read ever times out."""

    def act(connection: socket.socket) -> None:
        for i in range(len(data)):
            connection.sendall(data[i : i + 1])
            time.sleep(pause)

    return act


def reset(connection: socket.socket) -> None:
    """Close with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang(seconds: float) -> Act:
    return lambda connection: time.sleep(seconds)


def close(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)
