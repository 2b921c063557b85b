"""The line to Valkey: what happens when the server is silent, gone, or new."""

import secrets
import socket
import threading
from collections.abc import Iterator
from hashlib import sha1
from unittest.mock import patch

import pytest
from pytest_django import Settings
from redis import Redis

from jiema.api import valkey

# Unknown to every server until this run.
SCRIPT = f"return {{ARGV[1], KEYS[1]}} -- {secrets.token_hex(8)}"
SHA = sha1(SCRIPT.encode()).hexdigest()


@pytest.fixture(autouse=True)
def _own_line() -> Iterator[None]:
    valkey.forget()
    with patch("jiema.api.valkey._resting_until", 0.0):
        yield
    valkey.forget()


@pytest.fixture
def silent_server(settings: Settings) -> Iterator[bytearray]:
    """Greets, then says nothing more; what it was told."""
    heard = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                while request := peer.recv(4096):
                    heard.extend(request)
                    if b"SETINFO" in request:
                        peer.sendall(b"+OK\r\n" * request.count(b"SETINFO"))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        settings.REDIS_URL = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        yield heard
        valkey.forget()
        thread.join(5)


def test_a_script_that_the_server_does_not_know_is_sent_whole() -> None:
    assert valkey.evaluate(SCRIPT, SHA, ["key"], ["value"]) == [b"value", b"key"]


def test_a_line_that_the_server_closed_is_opened_anew(settings: Settings) -> None:
    valkey.evaluate(SCRIPT, SHA, ["key"], ["value"])
    with Redis.from_url(settings.REDIS_URL) as client:
        for other in client.client_list(_type="normal"):
            if other["addr"] == own_address():
                client.client_kill(other["addr"])
    assert valkey.evaluate(SCRIPT, SHA, ["key"], ["value"]) == [b"value", b"key"]


def own_address() -> str:
    line = valkey._local.line
    assert line is not None
    return "{}:{}".format(*line._socket.getsockname())


def test_a_silent_server_is_asked_once_and_then_left_alone(silent_server: bytearray) -> None:
    for _ in range(2):
        with pytest.raises(valkey.Away):
            valkey.evaluate(SCRIPT, SHA, ["key"], ["value"])
    assert silent_server.count(b"EVALSHA") == 1


def test_a_faulty_script_is_as_good_as_no_server() -> None:
    with pytest.raises(valkey.Away):
        valkey.evaluate("return nothing()", sha1(b"return nothing()").hexdigest(), [], [])
