import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import monotonic, sleep
from typing import Any

import pytest

from catalog.upstream.sandbox import Habits, Sandbox, VirtualClock
from catalog.upstream.sandbox.engine.shop import Wish
from tests.upstream.sandbox_caller import FIRST_ID, control


class Receiver(HTTPServer):
    """Keeps what it is told; answers what it is told to, in turn, and then 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.heard: list[Any] = []
        self.answers: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/push"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(json.loads(body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
        thread.start()
        yield receiver
        receiver.shutdown()
        thread.join()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=VirtualClock(), never=1, first_id=FIRST_ID) as sandbox:
        sandbox.shop.buy(Wish("tg", 6))
        yield sandbox


def eventually(is_so: Callable[[], bool]) -> bool:
    end = monotonic() + 3
    while not is_so() and monotonic() < end:
        sleep(0.005)
    return is_so()


def test_tells_of_an_sms(sandbox: Sandbox, receiver: Receiver):
    sandbox.push.habits = Habits(receiver.url)
    sandbox.shop.deliver(FIRST_ID, "Your code is 12345")
    assert eventually(lambda: bool(receiver.heard))
    assert receiver.heard == [
        {
            "activationId": str(FIRST_ID),
            "service": "tg",
            "text": "Your code is 12345",
            "code": "12345",
            "country": 6,
            "receivedAt": "2026-01-01T13:00:00+03:00",
        }
    ]


def test_tells_it_twice(sandbox: Sandbox, receiver: Receiver):
    control(sandbox, "push", url=receiver.url, times=2)
    sandbox.shop.deliver(FIRST_ID)
    assert eventually(lambda: len(receiver.heard) == 2)
    assert receiver.heard[0] == receiver.heard[1]


def test_tells_it_late(sandbox: Sandbox, receiver: Receiver):
    sandbox.push.habits = Habits(receiver.url, late=30)
    sandbox.shop.deliver(FIRST_ID)
    sandbox.advance(29)
    sleep(0.05)
    assert receiver.heard == []
    sandbox.advance(1)
    assert eventually(lambda: len(receiver.heard) == 1)


def test_tells_it_again_until_it_is_taken(sandbox: Sandbox, receiver: Receiver):
    receiver.answers = [500, 404]
    sandbox.push.habits = Habits(receiver.url)
    sandbox.shop.deliver(FIRST_ID)
    parcel = sandbox.push.parcels[0]
    for tries, status in ((1, 500), (2, 404), (3, 200)):
        assert eventually(lambda tries=tries, status=status: (parcel.tries, parcel.status) == (tries, status))
        sandbox.advance(25)
    assert len(receiver.heard) == 3


def test_is_off_without_a_url(sandbox: Sandbox, receiver: Receiver):
    sandbox.push.habits = Habits(receiver.url)
    control(sandbox, "push", url=None)
    sandbox.shop.deliver(FIRST_ID)
    assert sandbox.push.parcels == []


def test_nobody_there_is_no_disaster(sandbox: Sandbox):
    sandbox.push.habits = Habits("http://127.0.0.1:1/")
    sandbox.shop.deliver(FIRST_ID)
    assert eventually(lambda: sandbox.push.parcels[0].tries == 1)
    assert sandbox.push.parcels[0].status == 0
