import gzip
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from catalog.upstream import transport
from catalog.upstream.errors import Unavailable, Unclear, UpstreamError
from catalog.upstream.transport import Reply, Transport
from tests.upstream.scripted import Act, answer, close, drip, hang, reset, scripted, send, stay

HEAD = b"HTTP/1.1 200 OK\r\n"


def get(act: Act, total: float = 5.0) -> Reply:
    with scripted(act) as server:
        return Transport(server.url).get({"action": "x"}, total=total)


def failure(act: Act, total: float = 5.0) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        get(act, total)
    return caught.value


def test_a_reply() -> None:
    assert get(answer("BAD_KEY", 401, "Retry-After: 7")) == Reply(401, b"BAD_KEY", 7.0)


@pytest.mark.parametrize("told", ["", "soon", "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 40])
def test_a_retry_after_without_whole_seconds_is_none(told: str) -> None:
    assert get(answer("", 429, f"Retry-After: {told}")).retry_after is None


@pytest.mark.parametrize(
    ("base", "path"),
    [("", "/stubs/handler_api.php"), ("/", "/stubs/handler_api.php"), ("/api/handler.php", "/api/handler.php")],
)
def test_the_path_of_the_script(base: str, path: str) -> None:
    with scripted(answer("ok")) as server:
        Transport(server.url.rstrip("/") + base).get({"action": "x", "a": "b c&d"})
    assert server.requests == [f"GET {path}?action=x&a=b+c%26d HTTP/1.1"]


@pytest.mark.parametrize(
    "address", ["", "ftp://a/", "http://", "http://a b/", "http://a/\n", "http://a:x/", "//a", "http://é/"]
)
def test_no_address(address: str) -> None:
    with pytest.raises(ValueError):
        Transport(address)


@pytest.mark.parametrize(
    "act",
    [
        send(HEAD + b"\r\nwhole until the end"),
        send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nwhole unt\r\nA\r\nil the end\r\n0\r\n\r\n"),
        answer(gzip.compress(b"whole until the end"), 200, "Content-Encoding: gzip"),
    ],
    ids=["until-close", "chunked", "gzip"],
)
def test_a_body_in_each_framing(act: Act) -> None:
    assert get(act).body == b"whole until the end"


SPOILED = {
    "close": close,
    "reset": reset,
    "cut in the body": send(HEAD + b"Content-Length: 50\r\n\r\nhalf"),
    "cut in a chunk": send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nhalf"),
    "cut between chunks": send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
    "chunk of no size": send(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhalf"),
    "cut gzip": answer(gzip.compress(b"x" * 999)[:-9], 200, "Content-Encoding: gzip"),
    "no gzip": answer("plain", 200, "Content-Encoding: gzip"),
    "no http": send(b"hello\r\n\r\n"),
    "no status": send(b"HTTP/1.1 abc\r\n\r\n"),
    "endless header": send(HEAD + b"X: " + b"x" * 100_000 + b"\r\n\r\n"),
    "bytes": send(bytes(range(256))),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_reply_is_unclear(name: str) -> None:
    assert type(failure(SPOILED[name])) is Unclear


@pytest.mark.parametrize(
    "act",
    [
        hang(0.8),
        drip(HEAD + b"X: " + b"x" * 100, 0.02),
        drip(HEAD + b"Content-Length: 100\r\n\r\n" + b"x" * 100, 0.01),
        drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 30, 0.01),
    ],
    ids=["silence", "headers", "body", "chunks"],
)
def test_the_time_is_by_the_clock(act: Act) -> None:
    began = time.monotonic()
    error = failure(act, total=0.3)
    assert (type(error), error.token) == (Unclear, "TIMEOUT")
    assert time.monotonic() - began < 1.5


def test_headers_cut_short_leave_an_empty_body() -> None:
    assert get(send(HEAD + b"Content-Le")).body == b""


def test_a_slow_reply_within_the_time() -> None:
    assert get(drip(HEAD + b"Content-Length: 4\r\n\r\ndone", 0.005)).body == b"done"


def test_a_body_beyond_the_cap_is_unclear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_BODY", 1000)
    assert len(get(answer(b"x" * 1000)).body) == 1000
    assert failure(answer(b"x" * 1001)).token == "TOO_LONG"


def test_a_bomb_is_not_inflated() -> None:
    bomb = gzip.compress(bytes(transport.MAX_BODY + 1), compresslevel=9)
    assert failure(answer(bomb, 200, "Content-Encoding: gzip")).token == "TOO_LONG"


def test_a_refused_connection_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable, match="NO_CONNECTION_CONNECTIONREFUSEDERROR"):
        Transport(f"http://127.0.0.1:{port}").get({"action": "x"})


def test_an_unknown_host_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(Unavailable, match="NO_CONNECTION_GAIERROR"):
        Transport("http://provider.invalid").get({"action": "x"})


def test_all_addresses_of_a_host_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as waiting:
        address = listener.getsockname()
        for _ in range(4):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address)] * 4
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        began = time.monotonic()
        with pytest.raises(Unavailable, match="NO_CONNECTION_TIMEOUT"):
            Transport(f"http://127.0.0.1:{address[1]}").get({"action": "x"}, total=0.3)
    assert time.monotonic() - began < 1.0


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dead = listener.getsockname()
    with scripted(answer("ok")) as server:
        port = int(server.url.rstrip("/").rpartition(":")[2])
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", each) for each in (dead, ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert Transport(server.url).get({"action": "x"}).body == b"ok"


def test_no_tls_on_the_other_side_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer_in_plain, args=(listener,))
        thread.start()
        with pytest.raises(Unavailable, match="NO_CONNECTION_"):
            Transport(f"https://127.0.0.1:{listener.getsockname()[1]}").get({"action": "x"})
        thread.join()


def _answer_in_plain(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_redirect_is_not_followed() -> None:
    with scripted(answer("", 302, "Location: /elsewhere"), answer("ACCESS_NUMBER:1:6281200000001")) as server:
        assert Transport(server.url).get({"action": "x"}).status == 302
    assert len(server.requests) == 1


@pytest.mark.parametrize("act", [close, reset, send(HEAD + b"Content-Length: 9\r\n\r\nhalf")])
def test_nothing_is_asked_twice(act: Act) -> None:
    with scripted(act, answer("second")) as server, pytest.raises(Unclear):
        Transport(server.url).get({"action": "x"})
    assert server.connections == 1


def test_reads_share_a_connection() -> None:
    with scripted([stay("one"), stay("two")]) as server:
        reads = Transport(server.url)
        assert [reads.get({"action": "x"}).body for _ in range(2)] == [b"one", b"two"]
    assert server.connections == 1


def test_a_fresh_call_has_a_connection_of_its_own() -> None:
    with scripted([stay("one"), stay("stray")], [stay("two")]) as server:
        calls = Transport(server.url)
        assert calls.get({"action": "x"}, fresh=True).body == b"one"
        assert calls.get({"action": "x"}, fresh=True).body == b"two"
    assert server.connections == 2


def closing(connection: socket.socket) -> None:
    """Promises to stay, answers, and goes."""
    stay("one")(connection)
    connection.shutdown(socket.SHUT_RDWR)


def talkative(connection: socket.socket) -> None:
    """Answers, and once more unasked."""
    stay("one")(connection)
    time.sleep(0.05)
    stay("stray")(connection)


@pytest.mark.parametrize("first", [closing, talkative])
def test_a_kept_connection_that_is_not_silent_is_left(first: Act) -> None:
    with scripted(first, answer("two")) as server:
        reads = Transport(server.url)
        assert reads.get({"action": "x"}).body == b"one"
        time.sleep(0.15)
        assert reads.get({"action": "x"}).body == b"two"
    assert server.connections == 2


@pytest.mark.parametrize(
    ("name", "value"), [("IDLE_SECONDS", 0.0), ("os.getpid", lambda: -1)], ids=["too old", "after a fork"]
)
def test_a_kept_connection_that_is_not_ours_is_left(
    monkeypatch: pytest.MonkeyPatch, name: str, value: float | Callable[[], int]
) -> None:
    with scripted([stay("one"), stay("stray")], answer("two")) as server:
        reads = Transport(server.url)
        reads.get({"action": "x"})
        monkeypatch.setattr(f"catalog.upstream.transport.{name}", value)
        assert reads.get({"action": "x"}).body == b"two"
    assert server.connections == 2
