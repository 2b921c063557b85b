"""The proxy of chaos spoils what it is told to spoil."""

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.torture.proxy import CLEAR, Fate, Proxy, Weather

SPOILED = {
    Fate.HANG_UP: ConnectionResetError,
    Fate.BLACK_HOLE: TimeoutError,
    Fate.SWALLOW: TimeoutError,
    Fate.RESET: ConnectionResetError,
    Fate.TRUNCATE: http.client.IncompleteRead,
}


class Far(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked = 0

    def do_GET(self) -> None:
        Far.asked += 1
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + b"x" * 200)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Far) as far:
        far.daemon_threads = True
        threading.Thread(target=far.serve_forever, args=(0.01,), daemon=True).start()
        with Proxy(far.server_port) as proxy:
            yield proxy
        far.shutdown()


def ask(proxy: Proxy, times: int = 1) -> list[int]:
    """How long the bodies are that came over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=0.5)
    try:
        return [len(_answer(connection)) for _ in range(times)]
    finally:
        connection.close()


def _answer(connection: http.client.HTTPConnection) -> bytes:
    connection.request("GET", "/")
    return connection.getresponse().read()


@pytest.mark.parametrize("fate", SPOILED)
def test_a_reply_is_spoiled(proxy: Proxy, fate: Fate) -> None:
    before = Far.asked
    proxy.weather = Weather({fate: 1.0})
    with pytest.raises(SPOILED[fate]):
        ask(proxy)
    assert proxy.counts == {fate: 1}
    assert Far.asked - before == (fate not in (Fate.HANG_UP, Fate.BLACK_HOLE))


def test_each_exchange_of_a_kept_connection_has_its_own_fate(proxy: Proxy) -> None:
    proxy.weather = Weather({Fate.DELAY: 0.5}, delay=(0.0, 0.01))
    assert ask(proxy, times=40) == [200] * 40
    assert proxy.counts == {Fate.DELAY: 20, Fate.PASS: 20}  # by the seed


def test_a_closed_port_refuses_until_it_is_opened_again(proxy: Proxy) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        ask(proxy)
    proxy.accept()
    assert proxy.weather == CLEAR
    assert ask(proxy) == [200]
