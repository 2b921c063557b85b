import http.client
import socket
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from catalog.upstream.sandbox import Sandbox, VirtualClock
from tests.upstream.sandbox_caller import TELEGRAM_INDONESIA, call, fetch

BALANCE = "/stubs/handler_api.php?api_key=sandbox&action=getBalance"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=VirtualClock(), never=1) as sandbox:
        yield sandbox


def address(sandbox: Sandbox) -> str:
    return sandbox.origin.removeprefix("http://")


def raw(sandbox: Sandbox, request: bytes) -> bytes:
    """All that comes back until the server hangs up."""
    host, port = address(sandbox).split(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(request)
        return b"".join(iter(lambda: line.recv(65_536), b""))


def test_one_connection_carries_many_calls(sandbox: Sandbox):
    connection = http.client.HTTPConnection(address(sandbox), timeout=5)
    ports = set()
    for _ in range(3):
        connection.request("GET", BALANCE)
        ports.add(connection.sock.getsockname())
        assert connection.getresponse().read() == b"ACCESS_BALANCE:10000.0"
    connection.close()
    assert len(ports) == 1


@pytest.mark.parametrize("head", [b"HTTP/1.0\r\n", b"HTTP/1.1\r\nConnection: close\r\n"])
def test_hangs_up_when_asked_to(sandbox: Sandbox, head: bytes):
    reply = raw(sandbox, b"GET " + BALANCE.encode() + b" " + head + b"\r\n")
    assert reply.endswith(b"\r\n\r\nACCESS_BALANCE:10000.0")


@pytest.mark.parametrize(
    "request_",
    [
        b"hello\r\n\r\n",
        b"GET //[ HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
)
def test_what_is_not_http_gets_400(sandbox: Sandbox, request_: bytes):
    assert raw(sandbox, request_).startswith(b"HTTP/1.1 400 ")
    assert fetch(sandbox.origin + BALANCE).status == 200


def test_an_endless_id_is_no_disaster(sandbox: Sandbox):
    assert call(sandbox, "getStatus", id="9" * 5_000).status == 422


def test_a_hundred_numbers_are_sold_to_exactly_a_hundred_of_many_buyers(sandbox: Sandbox):
    sandbox.shop.stock(6, "tg", None, 100)
    replies: Counter[int] = Counter()

    def shop_around() -> None:
        for _ in range(20):
            replies[call(sandbox, "getNumberV2", **TELEGRAM_INDONESIA).status] += 1

    buyers = [threading.Thread(target=shop_around) for _ in range(8)]
    for buyer in buyers:
        buyer.start()
    for buyer in buyers:
        buyer.join()
    assert replies == {200: 100, 404: 60}
    assert sandbox.shop.open_count() == 100


def test_stops_with_a_buyer_still_waiting():
    with Sandbox() as sandbox:
        sandbox.fail("getBalance", "timeout")
        waiting = http.client.HTTPConnection(address(sandbox), timeout=5)
        waiting.request("GET", BALANCE)
        assert call(sandbox, "getBalance").status == 200
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        waiting.getresponse()
    waiting.close()


def test_sms_come_by_the_real_clock_without_a_call():
    arrived = threading.Event()
    with Sandbox(never=0, median=0) as sandbox:
        sandbox.shop.listeners.append(lambda *_: arrived.set())
        call(sandbox, "getNumber", **TELEGRAM_INDONESIA)
        assert arrived.wait(3)
