import http.client
from collections.abc import Iterator
from time import monotonic
from urllib.request import urlopen

import pytest

from catalog.upstream.sandbox import Sandbox, VirtualClock
from tests.upstream.sandbox_caller import FIRST_ID, TELEGRAM_INDONESIA, call, fetch

BUY = "getNumberV2"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=VirtualClock(), never=1, first_id=FIRST_ID) as sandbox:
        yield sandbox


def url(sandbox: Sandbox) -> str:
    return f"{sandbox.url}?api_key=sandbox&action={BUY}&service=tg&country=6"


def sold(sandbox: Sandbox) -> int:
    return sandbox.shop.open_count()


@pytest.mark.parametrize(("fault", "count"), [("timeout", 0), ("sold_then_timeout", 1)])
def test_no_reply_ever(sandbox: Sandbox, fault: str, count: int):
    sandbox.fail(BUY, fault)
    with pytest.raises(TimeoutError):
        fetch(url(sandbox), timeout=0.3)
    assert sold(sandbox) == count


@pytest.mark.parametrize(("fault", "count"), [("close", 0), ("sold_then_close", 1)])
def test_closed_without_a_byte(sandbox: Sandbox, fault: str, count: int):
    sandbox.fail(BUY, fault)
    with pytest.raises(http.client.RemoteDisconnected):
        fetch(url(sandbox))
    assert sold(sandbox) == count


@pytest.mark.parametrize(("fault", "count"), [("reset", 0), ("sold_then_reset", 1)])
def test_reset(sandbox: Sandbox, fault: str, count: int):
    sandbox.fail(BUY, fault)
    with pytest.raises(ConnectionResetError):
        fetch(url(sandbox))
    assert sold(sandbox) == count


def test_body_cut_in_the_middle(sandbox: Sandbox):
    sandbox.fail(BUY, "cut")
    with urlopen(url(sandbox), timeout=5) as reply, pytest.raises(http.client.IncompleteRead) as cut:
        reply.read()
    assert cut.value.partial.startswith(b'{"activationId":4000000001')
    assert sold(sandbox) == 1


@pytest.mark.parametrize("fault", ["slow", "sold_then_slow"])
def test_slow(sandbox: Sandbox, fault: str):
    sandbox.fail(BUY, fault, seconds=0.2)
    began = monotonic()
    assert fetch(url(sandbox)).json["activationId"] == FIRST_ID
    assert monotonic() - began >= 0.2
    assert sold(sandbox) == 1


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ("empty", 200, ""),
        ("error_sql", 200, "ERROR_SQL"),
        ("blocked", 403, "error code: 1010"),
        ("429", 429, '{"title":"RATE_LIMIT","details":""}'),
        ("refuse", 404, '{"title":"NO_NUMBERS","details":"Numbers Not Found. Try Later"}'),
    ],
)
def test_another_reply(sandbox: Sandbox, fault: str, status: int, body: str):
    sandbox.fail(BUY, fault)
    answer = fetch(url(sandbox))
    assert (answer.status, answer.body) == (status, body)
    assert sold(sandbox) == 0


@pytest.mark.parametrize(("fault", "status"), [("html", 200), ("500", 500), ("502", 502), ("504", 504)])
def test_a_page_instead_of_a_reply(sandbox: Sandbox, fault: str, status: int):
    sandbox.fail(BUY, f"sold_then_{fault}")
    answer = fetch(url(sandbox))
    assert answer.status == status
    assert answer.body.startswith("<!DOCTYPE html>")
    assert sold(sandbox) == 1


def test_429_may_say_when_to_come_back(sandbox: Sandbox):
    sandbox.fail("getBalance", "429", retry_after=7)
    connection = http.client.HTTPConnection(sandbox.origin.removeprefix("http://"))
    connection.request("GET", sandbox.url + "?api_key=sandbox&action=getBalance")
    with connection.getresponse() as reply:
        assert (reply.status, reply.headers["Retry-After"]) == (429, "7")
    connection.close()


def test_any_reply_can_be_given(sandbox: Sandbox):
    sandbox.fail(BUY, "reply", status=503, body="TRY_AGAIN")
    answer = fetch(url(sandbox))
    assert (answer.status, answer.body) == (503, "TRY_AGAIN")


def test_faults_hit_in_order_and_only_their_action(sandbox: Sandbox):
    sandbox.fail(BUY, "refuse", word="NO_BALANCE")
    sandbox.fail("*", "empty", times=2)
    assert call(sandbox, "getBalance").body == ""
    assert call(sandbox, BUY, **TELEGRAM_INDONESIA).status == 402
    assert call(sandbox, "getStatus", id=1).body == ""
    assert call(sandbox, "getBalance").body == "ACCESS_BALANCE:10000.0"


def test_a_standing_fault_lasts_until_cleared(sandbox: Sandbox):
    sandbox.fail("getBalance", "500", times=None)
    assert [call(sandbox, "getBalance").status for _ in range(3)] == [500, 500, 500]
    sandbox.faults.clear()
    assert call(sandbox, "getBalance").status == 200


def test_an_unknown_fault_is_refused_at_once(sandbox: Sandbox):
    with pytest.raises(ValueError, match="no such fault: explode"):
        sandbox.fail(BUY, "explode")


def test_a_slow_call_holds_nobody_up(sandbox: Sandbox):
    sandbox.fail(BUY, "timeout")
    connection = http.client.HTTPConnection(sandbox.origin.removeprefix("http://"))
    connection.request("GET", url(sandbox))
    assert call(sandbox, "getBalance").status == 200
    connection.close()


def test_the_log_has_every_call_and_no_key(sandbox: Sandbox):
    sandbox.fail(BUY, "sold_then_close")
    with pytest.raises(http.client.RemoteDisconnected):
        fetch(url(sandbox))
    call(sandbox, "getStatus", id=1)
    bought, read = sandbox.log.calls()
    assert (bought.action, bought.params, bought.fault, bought.status) == (
        BUY,
        {"service": "tg", "country": "6"},
        "sold_then_close",
        0,
    )
    assert (read.action, read.params, read.fault, read.status) == ("getStatus", {"id": "1"}, None, 404)
    assert (sandbox.log.count(BUY), sandbox.log.counts()) == (1, {BUY: 1, "getStatus": 1})
