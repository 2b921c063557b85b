"""The sandbox chain: TronGrid's documented replies, faults on order, the page, and the program."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from accounts.topups.gateways.addresses import is_address
from accounts.topups.sandbox.chain import FALSE_USDT, USDT, Chain, Fault, made_up_address
from accounts.topups.sandbox.chain.ledger import SystemClock
from tests.topups.chain import ADDRESS, ADDRESSES, CONFIRMED, NEWEST, RECEIPT, STRANGER

HEX = "c8599111f29c1e1e061265b4af93ea1f274ad78a"
USDT_HEX = "a614f803b6fd780986a42c78ec9c7f77e6ded13c"
SENDER = made_up_address("a stranger")


@pytest.fixture
def chain() -> Iterator[Chain]:
    with Chain() as chain:
        yield chain


def ask(chain: Chain, path: str, told: dict[str, Any] | None = None, **params: Any) -> Any:
    body = None if told is None else json.dumps(told).encode()
    url = f"{chain.url}{path}?{urlencode(params)}" if params else f"{chain.url}{path}"
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=5) as reply:
        assert reply.headers["Content-Type"] == "application/json"
        return json.load(reply)


def listed(chain: Chain, address: str = ADDRESS, **params: Any) -> Any:
    return ask(chain, f"/v1/accounts/{address}/transactions/trc20", **params)


def ids(page: Any) -> list[str]:
    return [row["transaction_id"] for row in page["data"]]


def refused(chain: Chain, path: str, **params: Any) -> tuple[int, Any]:
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(chain, path, **params)
    with caught.value as error:
        return error.code, json.load(error)


# ------------------------------------------------------------------ replies


def test_the_list_is_as_documented(chain: Chain) -> None:
    txid = chain.send(ADDRESS, "12.50")
    assert listed(chain) == {
        "data": [
            {
                "transaction_id": txid,
                "token_info": {"symbol": "USDT", "address": USDT.address, "decimals": 6, "name": "Tether USD"},
                "block_timestamp": 1_767_261_600_000,
                "from": SENDER,
                "to": ADDRESS,
                "type": "Transfer",
                "value": "12500000",
            }
        ],
        "success": True,
        "meta": {"at": 1_767_261_600_000, "page_size": 1},
    }


def test_the_receipt_is_as_documented(chain: Chain) -> None:
    txid = chain.send(ADDRESS, "12.50")
    told = ask(chain, RECEIPT, {"value": txid})
    newest = ask(chain, NEWEST, {})["block_header"]["raw_data"]
    assert (told["id"], told["blockNumber"], told["blockTimeStamp"]) == (txid, newest["number"], newest["timestamp"])
    assert told["receipt"]["result"] == "SUCCESS"
    assert told["contract_address"] == "41" + USDT_HEX
    (log,) = told["log"]
    assert log["address"] == USDT_HEX
    assert log["topics"][0] == "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    assert log["topics"][2] == "0" * 24 + HEX
    assert int(log["data"], 16) == 12_500_000


def test_a_failed_transaction_logs_nothing(chain: Chain) -> None:
    told = ask(chain, RECEIPT, {"value": chain.send(ADDRESS, "1", succeeded=False)})
    assert (told["receipt"]["result"], told["result"]) == ("REVERT", "FAILED")
    assert "log" not in told


def test_no_such_transaction_is_an_empty_object(chain: Chain) -> None:
    txid = chain.send(ADDRESS, "1")
    chain.drop(txid)
    assert ask(chain, RECEIPT, {"value": txid}) == ask(chain, RECEIPT, {}) == {}
    assert listed(chain)["data"] == []


def test_names_do_not_come_again_after_a_drop(chain: Chain) -> None:
    first, second = chain.send(ADDRESS, "1"), chain.send(ADDRESS, "2")
    chain.drop(first)
    assert len({first, second, chain.send(ADDRESS, "3")}) == 3


def test_a_block_comes_every_three_seconds(chain: Chain) -> None:
    before = ask(chain, NEWEST, {})["block_header"]["raw_data"]
    chain.advance(7)
    after = ask(chain, NEWEST, {})
    assert after["block_header"]["raw_data"]["number"] == before["number"] + 7
    assert after["block_header"]["raw_data"]["timestamp"] == before["timestamp"] + 21_000
    assert re.fullmatch("[0-9a-f]{64}", after["blockID"])


def test_the_real_clock_is_not_moved() -> None:
    with Chain(clock=SystemClock()) as chain, pytest.raises(TypeError, match="the clock is the real one"):
        chain.advance(1)


def test_a_balance_is_what_came_less_what_went(chain: Chain) -> None:
    chain.send(ADDRESS, "12.50")
    chain.send(STRANGER, "2.25", sender=ADDRESS)
    chain.send(ADDRESS, "100", token=FALSE_USDT)
    chain.send(ADDRESS, "100", kind="Approval")
    question = {
        "owner_address": ADDRESS,
        "contract_address": USDT.address,
        "function_selector": "balanceOf(address)",
        "parameter": HEX.zfill(64),
        "visible": True,
    }
    told = ask(chain, "/wallet/triggerconstantcontract", question)
    assert told["result"] == {"result": True}
    assert int(told["constant_result"][0], 16) == 10_250_000
    odd = ask(chain, "/wallet/triggerconstantcontract", {**question, "function_selector": "mint()"})
    assert odd["result"]["code"] == "CONTRACT_VALIDATE_ERROR"


# ------------------------------------------------------------------ filters and pages


def test_filters(chain: Chain) -> None:
    old = chain.send(ADDRESS, "1")
    chain.advance(CONFIRMED)
    new = chain.send(ADDRESS, "2")
    out = chain.send(STRANGER, "3", sender=ADDRESS)
    false = chain.send(ADDRESS, "4", token=FALSE_USDT)
    chain.send(ADDRESSES[1], "5")
    assert ids(listed(chain)) == [false, out, new, old]
    assert ids(listed(chain, order_by="block_timestamp,asc")) == [old, new, out, false]
    assert ids(listed(chain, only_to="true")) == [false, new, old]
    assert ids(listed(chain, only_from="true")) == [out]
    assert ids(listed(chain, only_confirmed="true")) == [old]
    assert ids(listed(chain, only_unconfirmed="true")) == [false, out, new]
    assert ids(listed(chain, only_to="true", contract_address=FALSE_USDT.address)) == [false]


def test_pages_follow_by_fingerprint(chain: Chain) -> None:
    sent = [chain.send(ADDRESS, "1") for _ in range(45)]
    found: list[str] = []
    params = {"limit": 20, "order_by": "block_timestamp,asc"}
    for size in (20, 20, 5):
        page = listed(chain, **params)
        assert page["meta"]["page_size"] == size
        found += ids(page)
        params["fingerprint"] = page["meta"].get("fingerprint", "")
    assert found == sent
    assert "links" not in page["meta"]
    assert not params["fingerprint"]


def test_by_default_a_page_is_of_twenty(chain: Chain) -> None:
    chain.send_together(ADDRESS, [(USDT, "1")] * 21)
    page = listed(chain)
    assert len(page["data"]) == 20
    assert page["meta"]["links"]["next"].endswith(page["meta"]["fingerprint"])


def test_a_fingerprint_is_good_for_its_own_question(chain: Chain) -> None:
    chain.send_together(ADDRESS, [(USDT, "1")] * 21)
    fingerprint = listed(chain)["meta"]["fingerprint"]
    path = f"/v1/accounts/{ADDRESS}/transactions/trc20"
    for params in ({"fingerprint": fingerprint, "only_to": "true"}, {"fingerprint": "x"}, {"fingerprint": "é"}):
        assert refused(chain, path, **params)[0] == 400


@pytest.mark.parametrize("limit", ["0", "201", "-1", "all", ""])
def test_a_limit_is_from_1_to_200(chain: Chain, limit: str) -> None:
    status, told = refused(chain, f"/v1/accounts/{ADDRESS}/transactions/trc20", limit=limit)
    assert (status, told["success"]) == (400, False)


def test_questions_it_does_not_know(chain: Chain) -> None:
    assert refused(chain, "/v1/accounts/nobody/transactions/trc20")[0] == 400
    assert refused(chain, "/v1/blocks")[0] == 404
    assert refused(chain, RECEIPT)[0] == 404  # by GET
    for body in (b"[]", b"{", b"\xff"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{chain.url}{RECEIPT}", body, timeout=5)
        with caught.value as error:
            assert error.code == 400


def test_the_key_is_checked() -> None:
    with Chain(api_key="right") as chain:
        assert refused(chain, f"/v1/accounts/{ADDRESS}/transactions/trc20")[0] == 403


def test_amounts_have_the_tokens_digits(chain: Chain) -> None:
    for amount in ("0.0000001", "-1"):
        with pytest.raises(ValueError, match="USDT has 6 digits"):
            chain.send(ADDRESS, amount)


def test_made_up_addresses_are_right_and_stay() -> None:
    assert is_address(FALSE_USDT.address)
    assert made_up_address("one") == made_up_address("one") != made_up_address("two")
    assert all(is_address(made_up_address(str(number))) for number in range(200))


# ------------------------------------------------------------------ faults


def test_a_fault_hits_its_path_as_often_as_told(chain: Chain) -> None:
    chain.fail("reply", NEWEST, body=b'{"odd": 1}', times=2, after=1)
    assert "odd" not in ask(chain, RECEIPT, {})
    assert [("odd" in ask(chain, NEWEST, {})) for _ in range(4)] == [False, True, True, False]


def test_faults_are_taken_back(chain: Chain) -> None:
    chain.fail("reply", NEWEST, body=b'{"odd": 1}', times=None)
    assert "odd" in ask(chain, NEWEST, {})
    chain.faults.clear()
    assert "odd" not in ask(chain, NEWEST, {})


def test_there_is_no_such_fault() -> None:
    with pytest.raises(ValueError, match="no such fault: typhoon"):
        Fault("typhoon")


def test_calls_are_remembered(chain: Chain) -> None:
    listed(chain, limit=5)
    assert [(call.method, call.path, call.query) for call in chain.calls] == [
        ("GET", f"/v1/accounts/{ADDRESS}/transactions/trc20", {"limit": "5"})
    ]


# ------------------------------------------------------------------ the page


def page(chain: Chain, **params: str) -> str:
    with urllib.request.urlopen(f"{chain.url}/?{urlencode(params)}", timeout=5) as reply:
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        return str(reply.read().decode())


def submit(chain: Chain, **fields: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{chain.url}/send", urlencode(fields).encode(), timeout=5) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_page_says_what_it_is_and_labels_every_field(chain: Chain) -> None:
    html = page(chain)
    assert "<h1>Sandbox chain: no real money</h1>" in html
    named = set(re.findall(r'<label for="(\w+)"', html))
    assert named == set(re.findall(r'<input [^>]*id="(\w+)"', html)) == {"to", "amount", "usdt", "false", "fails"}
    assert "Nothing was sent yet." in html
    assert "[" not in re.sub(r"(?s)<(style|script)>.*?</\1>", "", html)


def test_a_link_fills_the_form_in(chain: Chain) -> None:
    html = page(chain, to=ADDRESS, amount="25.00")
    assert f'id="to" name="to" value="{ADDRESS}"' in html
    assert 'id="amount" name="amount" value="25.00"' in html


@pytest.mark.parametrize("told", ['"><script>alert(1)</script>', "[rows]", "<!--rows-->", "'\"&"])
def test_a_link_cannot_write_into_the_page(chain: Chain, told: str) -> None:
    html = page(chain, to=told, amount=told, token=told, sent=told)
    assert html.count("<script>") == 1
    assert html.count("Nothing was sent yet.") == 1


def test_sending_by_the_page(chain: Chain) -> None:
    status, html = submit(chain, to=f" {ADDRESS} ", amount="12.5", token="usdt")
    ((transaction, event),) = chain.ledger.events()
    assert (event.token, event.to, event.value, transaction.succeeded) == (USDT, ADDRESS, 12_500_000, True)
    assert status == 200
    assert f'role="status">Sent: transaction {transaction.txid[:12]}…' in html
    assert f"<td>12.500000</td><td>USDT</td><td class=number>0</td><td>{ADDRESS}</td>" in html


def test_sending_a_false_token_and_a_failing_one(chain: Chain) -> None:
    submit(chain, to=ADDRESS, amount="1", token="false")
    submit(chain, to=ADDRESS, amount="2", token="usdt", fails="on")
    chain.advance(4)
    (false, _), (failed, _) = chain.ledger.events()
    assert (false.events[0].token, failed.succeeded) == (FALSE_USDT, False)
    with urllib.request.urlopen(f"{chain.url}/transfers", timeout=5) as reply:
        rows = reply.read().decode()
    assert re.findall("<td class=number>(.*?)</td>", rows) == ["failed", "4"]
    assert "<td>false USDT</td>" in rows


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"to": "nobody"}, "to"),
        ({"to": ""}, "to"),
        *(({"amount": amount}, "amount") for amount in ("", "0", "-1", "a", "1.0000001", "nan", "inf", "1e10", "1e-9")),
    ],
)
def test_a_mistake_is_said_at_its_field(chain: Chain, fields: dict[str, str], wrong: str) -> None:
    status, html = submit(chain, **{"to": ADDRESS, "amount": "5", "token": "usdt", **fields})
    assert status == 400
    assert re.findall(r'<input [^>]*name="(\w+)"[^>]*aria-invalid="true" aria-describedby="said"', html) == [wrong]
    assert 'id="said" role="status"' in html
    assert list(chain.ledger.events()) == []


def test_a_token_that_is_not_on_the_form(chain: Chain) -> None:
    assert submit(chain, to=ADDRESS, amount="5", token="gold")[0] == 400
    assert list(chain.ledger.events()) == []


# ------------------------------------------------------------------ the program


def test_the_program_serves_until_told_to_stop() -> None:
    command = [sys.executable, "-m", "accounts.topups.sandbox.chain", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        said = program.stdout.readline()
        origin = re.fullmatch(r"Sandbox chain, no real money, at (http://127\.0\.0\.1:\d+)/\n", said)
        assert origin is not None
        with urllib.request.urlopen(f"{origin[1]}/", timeout=5) as reply:
            assert reply.status == 200
        program.send_signal(signal.SIGTERM)
        assert program.wait(5) == 0


def test_the_program_says_where_it_cannot_listen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "accounts.topups.sandbox.chain", "--port", port]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    assert ended.returncode == 1
    assert f"The chain cannot listen on 127.0.0.1:{port}" in ended.stderr


def test_units() -> None:
    assert USDT.units(Decimal("12.5")) == 12_500_000
