import json
import logging
import socket
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from catalog.upstream import errors
from catalog.upstream.adapter import SmsActivate
from catalog.upstream.dialects import DIALECTS
from catalog.upstream.types import CallClass, State, Status, Upstream
from tests.upstream.scripted import Act, Scripted, answer, close, drip, reset, scripted, stay

KEY = "SECRETKEY"
NO_ACTION = '{"title":"BAD_ACTION","details":"Method Not Found"}'
SOLD = '{"activationId":1,"phoneNumber":"6281200000001","activationCost":0.18}'
BEGIN, END = datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 1, 11, 0, 0, 1, tzinfo=UTC)


@dataclass
class Purse:
    """A budget that writes down what it is asked."""

    allows: bool = True
    asked: list[tuple[CallClass, float]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def take(self, call: CallClass, wait_seconds: float) -> bool:
        self.asked.append((call, wait_seconds))
        return self.allows

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def adapter(server: Scripted, dialect: str = "hero", purse: Purse | None = None) -> SmsActivate:
    return SmsActivate(dialect, server.url, KEY, purse)


def rows(first: int, count: int) -> str:
    return json.dumps({"status": "success", "data": [{"activationId": n} for n in range(first, first + count)]})


@pytest.mark.parametrize(("dialect", "address"), [("nobody", "http://a/"), ("hero", "nowhere"), ("", "")])
def test_no_such_provider(dialect: str, address: str) -> None:
    with pytest.raises(ValueError):
        SmsActivate(dialect, address, KEY)


def test_every_dialect_is_an_upstream() -> None:
    known: dict[str, Upstream] = {name: SmsActivate(name, "http://127.0.0.1", KEY) for name in DIALECTS}
    assert [name for name, upstream in known.items() if upstream.can_list] == ["hero", "classic", "tiger", "grizzly"]
    assert [name for name, upstream in known.items() if upstream.has_history] == ["hero", "classic"]


@pytest.mark.parametrize(
    ("dialect", "action"), [(name, "getNumber" if name == "smshub" else "getNumberV2") for name in DIALECTS]
)
def test_a_purchase_is_one_request(dialect: str, action: str) -> None:
    with scripted(answer("ACCESS_NUMBER:1:6281200000001")) as server:
        assert adapter(server, dialect).buy("tg", 6, Decimal("0.1800")).phone == "+6281200000001"
    told = {"api_key": KEY, "action": action, "service": "tg", "country": "6", "maxPrice": "0.1800"}
    assert server.query(0) == told


@pytest.mark.parametrize(("cap", "sent"), [(None, None), (Decimal("1E+2"), "100"), (Decimal("1E-4"), "0.0001")])
def test_the_cap_is_sent_in_plain_digits(cap: Decimal | None, sent: str | None) -> None:
    with scripted(answer(SOLD)) as server:
        adapter(server).buy("tg", 6, cap)
    assert server.query(0).get("maxPrice") == sent


@pytest.mark.parametrize("reply", [NO_ACTION, "NO_NUMBERS", "ERROR_SQL", "", "<html>"])
def test_a_purchase_that_failed_is_not_tried_in_another_form(reply: str) -> None:
    with scripted(answer(reply), answer(SOLD)) as server, pytest.raises(errors.UpstreamError):
        adapter(server).buy("tg", 6, None)
    assert server.actions == ["getNumberV2"]


def test_where_bad_action_hides_faults_it_proves_nothing() -> None:
    with scripted(answer("BAD_ACTION")) as server, pytest.raises(errors.Unclear):
        adapter(server, "tiger").buy("tg", 6, None)


def test_a_purchase_never_goes_over_a_kept_connection() -> None:
    with scripted([stay("ACCESS_BALANCE:1"), stay("stray")], answer(SOLD)) as server:
        upstream = adapter(server)
        upstream.balance()
        assert upstream.buy("tg", 6, None).activation_id == "1"
    assert server.connections == 2


CALLS: list[tuple[Callable[[SmsActivate], Any], CallClass, float]] = [
    (lambda upstream: upstream.buy("tg", 6, None), CallClass.PURCHASE, 3.0),
    (lambda upstream: upstream.cancel("1"), CallClass.CANCEL, 1.0),
    (lambda upstream: upstream.next_sms("1"), CallClass.NEXT_SMS, 1.0),
    (lambda upstream: upstream.finish("1"), CallClass.NEXT_SMS, 1.0),
    (lambda upstream: upstream.status("1"), CallClass.POLL, 0.0),
    (lambda upstream: list(upstream.active()), CallClass.SWEEP, 5.0),
    (lambda upstream: upstream.history(BEGIN, END), CallClass.SWEEP, 5.0),
    (lambda upstream: upstream.balance(), CallClass.CATALOGUE, 5.0),
    (lambda upstream: upstream.countries(), CallClass.CATALOGUE, 5.0),
    (lambda upstream: upstream.services(), CallClass.CATALOGUE, 5.0),
    (lambda upstream: upstream.offers(), CallClass.CATALOGUE, 5.0),
]


@pytest.mark.parametrize(("ask", "call", "wait"), CALLS)
def test_without_budget_nothing_is_sent(ask: Callable[[SmsActivate], Any], call: CallClass, wait: float) -> None:
    purse = Purse(allows=False)
    with scripted(answer("")) as server, pytest.raises(errors.Unavailable, match="NO_BUDGET"):
        ask(adapter(server, purse=purse))
    assert (purse.asked, server.requests) == ([(call, wait)], [])


@pytest.mark.parametrize(("ask", "call", "wait"), CALLS)
@pytest.mark.parametrize(
    ("headers", "pause"),
    [((), 5.0), (("Retry-After: 1",), 5.0), (("Retry-After: 30",), 30.0), (("Retry-After: 3600",), 60.0)],
)
def test_too_many_requests_pause_all_calls(
    ask: Callable[[SmsActivate], Any], call: CallClass, wait: float, headers: tuple[str, ...], pause: float
) -> None:
    purse = Purse()
    acts = [answer("Too Many Requests", 429, *headers)]
    with scripted(*acts) as server, pytest.raises(errors.Unavailable, match="RATE_LIMIT") as caught:
        ask(adapter(server, purse=purse))
    assert (purse.pauses, caught.value.retry_after) == ([pause], pause)


def test_another_refusal_pauses_nothing() -> None:
    purse = Purse()
    with scripted(answer("NO_BALANCE")) as server, pytest.raises(errors.AccountTrouble):
        adapter(server, purse=purse).buy("tg", 6, None)
    assert purse.pauses == []


def test_status_falls_back_to_the_text_form_and_stays_with_it() -> None:
    with scripted(answer(NO_ACTION, 404), answer("STATUS_WAIT_CODE"), answer("STATUS_WAIT_CODE")) as server:
        upstream = adapter(server, "grizzly")
        assert [upstream.status("1") for _ in range(2)] == [Status(State.WAITING)] * 2
    assert server.actions == ["getStatusV2", "getStatus", "getStatus"]


def test_status_that_was_once_json_stays_json() -> None:
    with scripted(answer('{"sms":null}'), answer(NO_ACTION, 404)) as server:
        upstream = adapter(server)
        assert upstream.status("1") == Status(State.WAITING)
        with pytest.raises(errors.Unclear):
            upstream.status("1")
    assert server.actions == ["getStatusV2", "getStatusV2"]


@pytest.mark.parametrize("dialect", ["bower", "smshub"])
def test_status_where_there_is_only_the_text_form(dialect: str) -> None:
    with scripted(answer("STATUS_OK:1234")) as server:
        assert adapter(server, dialect).status("1").sms[0].body == "1234"
    assert server.query(0) == {"api_key": KEY, "action": "getStatus", "id": "1"}


@pytest.mark.parametrize("ask", [lambda u: u.status("1", timeout=0.2), lambda u: u.cancel("1", timeout=0.2)])
def test_a_short_time_for_one_call(ask: Callable[[SmsActivate], Any]) -> None:
    began = time.monotonic()
    with scripted(drip(b"HTTP/1.1 200 OK", 0.05)) as server, pytest.raises(errors.Unclear, match="TIMEOUT"):
        ask(adapter(server))
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    ("ask", "to", "done"),
    [
        (lambda upstream: upstream.cancel("1"), "8", "ACCESS_CANCEL"),
        (lambda upstream: upstream.next_sms("1"), "3", "ACCESS_RETRY_GET"),
        (lambda upstream: upstream.finish("1"), "6", "ACCESS_ACTIVATION"),
    ],
)
def test_set_status(ask: Callable[[SmsActivate], Any], to: str, done: str) -> None:
    with scripted(answer(done)) as server:
        ask(adapter(server))
    assert server.query(0) == {"api_key": KEY, "action": "setStatus", "id": "1", "status": to}


@pytest.mark.parametrize(("dialect", "size"), [("hero", 100), ("classic", 100), ("grizzly", 100), ("tiger", 50)])
def test_active_reads_all_pages(dialect: str, size: int) -> None:
    with scripted(answer(rows(1, size)), answer(rows(1 + size, size)), answer(rows(1 + 2 * size, 3))) as server:
        listed = [row.activation_id for row in adapter(server, dialect).active()]
    assert listed == [str(n) for n in range(1, 2 * size + 4)]
    assert [(server.query(i)["start"], server.query(i)["limit"]) for i in range(3)] == [
        (str(start), str(size)) for start in (0, size, 2 * size)
    ]


def test_active_asks_no_more_after_a_short_page() -> None:
    with scripted(answer(rows(1, 99)), answer(rows(100, 1))) as server:
        assert len(list(adapter(server).active())) == 99
    assert len(server.requests) == 1


def test_rows_that_slipped_to_the_next_page_are_told_once() -> None:
    with scripted(answer(rows(1, 100)), answer(rows(99, 10))) as server:
        assert len(list(adapter(server).active())) == 108


def test_a_server_that_ignores_the_start_is_unclear() -> None:
    page = answer(rows(1, 100))
    with scripted(page, page) as server, pytest.raises(errors.Unclear, match="PAGE_REPEATED"):
        list(adapter(server).active())


def test_a_server_that_ignores_start_and_limit_has_told_all() -> None:
    with scripted(answer(rows(1, 150)), answer(rows(1, 150))) as server:
        assert len(list(adapter(server).active())) == 150


@pytest.mark.parametrize("second", ["", "<html>", "ERROR_SQL", rows(101, 5)[:-9], "[1]"])
def test_a_spoiled_page_spoils_the_list(second: str) -> None:
    with scripted(answer(rows(1, 100)), answer(second)) as server, pytest.raises(errors.Unclear):
        list(adapter(server).active())


@pytest.mark.parametrize("dialect", ["bower", "smshub"])
def test_what_a_dialect_lacks_is_not_asked(dialect: str) -> None:
    with scripted(answer("[]")) as server:
        with pytest.raises(errors.NotSupported):
            list(adapter(server, dialect).active())
        with pytest.raises(errors.NotSupported):
            adapter(server, dialect).history(BEGIN, END)
    assert server.requests == []


def past(first: int, count: int) -> str:
    return json.dumps([{"id": str(n), "phone": "6281200000001", "cost": 1} for n in range(first, first + count)])


def test_history_asks_until_nothing_new_comes() -> None:
    with scripted(answer(past(1, 20)), answer(past(21, 20)), answer("[]")) as server:
        assert len(adapter(server).history(BEGIN, END)) == 40
    told = {"api_key": KEY, "action": "getHistory", "start": "1772359200", "end": "1772362801", "size": "100"}
    assert [server.query(i) for i in range(3)] == [told | {"offset": str(offset)} for offset in (0, 20, 40)]


def test_history_of_a_server_that_ignores_the_offset() -> None:
    with scripted(answer(past(1, 20)), answer(past(1, 20))) as server:
        assert len(adapter(server).history(BEGIN, END)) == 20


SPOILED: list[Act] = [
    close,
    reset,
    answer(f"BAD KEY {KEY}", 401),
    answer(KEY),
    answer(f'{{"title":"{KEY}","details":"{KEY}"}}', 400),
    answer(f"<p>{KEY}</p>", 500),
    answer(f'{{"cut": "{KEY}'),
    answer("", 200, f"Content-Encoding: gzip\r\nX-Echo: {KEY}\r\n broken {KEY}"),
    answer("x", 429),
]


@pytest.mark.parametrize("ask", [call[0] for call in CALLS])
@pytest.mark.parametrize("act", SPOILED)
def test_the_key_stays_here(
    ask: Callable[[SmsActivate], Any], act: Act, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with scripted(act) as server, pytest.raises(errors.UpstreamError) as caught:
        ask(adapter(server))
    told = [*traceback.format_exception(caught.value), repr(caught.value.__context__), caplog.text, *capfd.readouterr()]
    assert KEY not in " ".join(told)


@pytest.mark.parametrize("act", SPOILED)
def test_no_frame_of_an_error_holds_the_requests_key(act: Act) -> None:
    with scripted(act) as server, pytest.raises(errors.UpstreamError) as caught:
        adapter(server).buy("tg", 6, None)
    stack = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    sending = [frame.locals for frame in stack if frame.name in ("_ask", "_send", "get") and frame.locals]
    assert sending
    assert "api_key" not in str(sending)


def test_the_key_stays_here_without_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(errors.Unavailable) as caught:
        SmsActivate("hero", f"http://127.0.0.1:{port}", KEY).balance()
    assert caught.value.__context__ is None
    assert KEY not in "".join(traceback.format_exception(caught.value))
