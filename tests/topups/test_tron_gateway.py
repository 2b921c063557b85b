"""The TRON gateway over real HTTP, against a chain of our own."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.topups.gateways.base import (
    BadSignature,
    GatewayError,
    NotSupported,
    Paid,
    Reading,
    Refunding,
    Refused,
    Stage,
    Started,
    Unreachable,
    Wish,
)
from accounts.topups.gateways.tron import USDT as CONTRACT
from accounts.topups.gateways.trongrid import TronGrid
from accounts.topups.sandbox.chain import FALSE_USDT, USDT, Chain, Token, made_up_address
from accounts.topups.sandbox.chain.ledger import Event
from tests.topups.chain import (
    ADDRESS,
    ADDRESSES,
    CONFIRMED,
    LIST,
    NEWEST,
    RECEIPT,
    STRANGER,
    answer,
    gateway,
    page,
    row,
)

FALSE = f"token:USDT:{FALSE_USDT.address}"
START = datetime(2026, 1, 1, 10, tzinfo=UTC)


@pytest.fixture
def chain() -> Iterator[Chain]:
    with Chain() as chain:
        yield chain


def paid(chain: Chain) -> list[tuple[str, Decimal, str]]:
    return [(each.ref, each.amount, each.currency) for each in gateway(chain).read(ADDRESS).paid]


def wish(top_up_id: str) -> Wish:
    return Wish(top_up_id, Decimal("12.50"), "USDT", "https://shop.example/back", "bob@example.com", datetime.now(UTC))


# ------------------------------------------------------------------ a payment


def test_a_payment_is_told_whole(chain: Chain) -> None:
    txid = chain.send(ADDRESS, "12.50")
    chain.advance(CONFIRMED)
    paid = Paid(ref=txid, amount=Decimal("12.50"), currency="USDT", at=START)
    assert gateway(chain).read(ADDRESS) == Reading(Stage.OPEN, (paid,))


def test_nothing_was_sent(chain: Chain) -> None:
    assert gateway(chain).read(ADDRESS) == Reading(Stage.OPEN)
    assert [call.path for call in chain.calls] == [f"{LIST}/{ADDRESS}/transactions/trc20"]


@pytest.mark.parametrize("amount", ["0.000001", "12.499999", "12.5", "12.500001", "99999999999.999999"])
def test_what_was_sent_is_told_to_the_last_digit(chain: Chain, amount: str) -> None:
    txid = chain.send(ADDRESS, amount)
    chain.advance(CONFIRMED)
    assert paid(chain) == [(txid, Decimal(amount), "USDT")]


def test_several_payments_oldest_first(chain: Chain) -> None:
    first = chain.send(ADDRESS, "5")
    chain.advance(1)
    second = chain.send(ADDRESS, "7.5")
    chain.advance(CONFIRMED)
    assert paid(chain) == [(first, Decimal(5), "USDT"), (second, Decimal("7.5"), "USDT")]


def test_a_payment_a_month_late_has_its_own_time(chain: Chain) -> None:
    chain.advance(30 * 28_800)
    chain.send(ADDRESS, "5")
    chain.advance(CONFIRMED)
    assert [each.at for each in gateway(chain).read(ADDRESS).paid] == [datetime(2026, 1, 31, 10, tzinfo=UTC)]


def test_transfers_of_one_transaction_have_names_of_their_own(chain: Chain) -> None:
    txid = chain.send_together(ADDRESS, [(USDT, "7"), (FALSE_USDT, "3"), (USDT, "5"), (USDT, "5")])
    chain.advance(CONFIRMED)
    assert paid(chain) == [
        (txid, Decimal(7), "USDT"),
        (f"{txid}:2", Decimal(5), "USDT"),
        (f"{txid}:3", Decimal(5), "USDT"),
        (f"{txid}:{ADDRESS}", Decimal(3), FALSE),
    ]


def test_one_transaction_to_two_addresses_is_two_payments(chain: Chain) -> None:
    """As an exchange sends what several customers withdraw."""
    events = [Event("Transfer", USDT, STRANGER, to, USDT.units("5")) for to in (STRANGER, *ADDRESSES[:2])]
    txid = chain.ledger.add(events).txid
    chain.advance(CONFIRMED)
    found = [gateway(chain).read(address).paid for address in ADDRESSES[:2]]
    assert [[(each.ref, each.amount) for each in paid] for paid in found] == [
        [(f"{txid}:2", Decimal(5))],
        [(f"{txid}:3", Decimal(5))],
    ]


def test_another_address_is_another_matter(chain: Chain) -> None:
    chain.send(ADDRESSES[1], "5")
    chain.advance(CONFIRMED)
    assert gateway(chain).read(ADDRESS) == Reading(Stage.OPEN)


# ------------------------------------------------------------------ confirmations


@pytest.mark.parametrize("blocks", [0, 1, 18])
def test_with_fewer_confirmations_it_is_on_its_way(chain: Chain, blocks: int) -> None:
    chain.send(ADDRESS, "12.50")
    chain.advance(blocks)
    assert gateway(chain).read(ADDRESS) == Reading(Stage.PENDING, confirmations=blocks)


@pytest.mark.parametrize("needed", [0, 1, 30])
def test_how_many_are_needed_is_a_setting(chain: Chain, needed: int) -> None:
    chain.send(ADDRESS, "12.50")
    chain.advance(max(0, needed - 1))
    early = gateway(chain, confirmations=needed).read(ADDRESS)
    chain.advance(1)
    assert len(gateway(chain, confirmations=needed).read(ADDRESS).paid) == 1
    assert len(early.paid) == (1 if needed == 0 else 0)


def test_the_most_advanced_is_counted_and_the_confirmed_is_paid(chain: Chain) -> None:
    first = chain.send(ADDRESS, "1")
    chain.advance(10)
    chain.send(ADDRESS, "2")
    chain.advance(3)
    chain.send(ADDRESS, "4")
    chain.advance(8)
    reading = gateway(chain).read(ADDRESS)
    assert (reading.stage, reading.confirmations) == (Stage.PENDING, 11)
    assert [each.ref for each in reading.paid] == [first]


def test_a_dropped_transaction_vanishes(chain: Chain) -> None:
    txid = chain.send(ADDRESS, "12.50")
    chain.advance(5)
    assert gateway(chain).read(ADDRESS).confirmations == 5
    chain.drop(txid)
    assert gateway(chain).read(ADDRESS) == Reading(Stage.OPEN)


def test_what_only_the_list_knows_is_not_paid(chain: Chain) -> None:
    chain.send(ADDRESS, "12.50")
    chain.advance(CONFIRMED)
    answer(chain, RECEIPT, {})
    assert gateway(chain).read(ADDRESS) == Reading(Stage.PENDING, confirmations=0)


def test_a_node_that_lags_behind_confirms_nothing(chain: Chain) -> None:
    chain.send(ADDRESS, "12.50")
    chain.advance(CONFIRMED)
    answer(chain, NEWEST, {"block_header": {"raw_data": {"number": 5}}})
    assert gateway(chain).read(ADDRESS) == Reading(Stage.PENDING, confirmations=0)


@pytest.mark.parametrize("blocks", [0, CONFIRMED])
def test_a_failed_transaction_pays_nothing(chain: Chain, blocks: int) -> None:
    chain.send(ADDRESS, "12.50", succeeded=False)
    chain.advance(blocks)
    assert gateway(chain).read(ADDRESS) == Reading(Stage.OPEN)


@pytest.mark.parametrize("result", ["REVERT", "OUT_OF_ENERGY", "FAILED", "success", ""])
def test_only_success_is_success(chain: Chain, result: str) -> None:
    chain.send(ADDRESS, "12.50")
    chain.advance(CONFIRMED)
    answer(chain, RECEIPT, receipt_of(chain) | {"receipt": {"result": result}})
    assert gateway(chain).read(ADDRESS) == Reading(Stage.OPEN)


def test_a_receipt_may_say_failed_in_either_place(chain: Chain) -> None:
    chain.send(ADDRESS, "12.50")
    chain.advance(CONFIRMED)
    answer(chain, RECEIPT, receipt_of(chain) | {"result": "FAILED"})
    assert gateway(chain).read(ADDRESS) == Reading(Stage.OPEN)


# ------------------------------------------------------------------ what is no payment


def test_a_token_that_calls_itself_usdt_is_not_usdt(chain: Chain) -> None:
    txid = chain.send(ADDRESS, "12.50", token=FALSE_USDT)
    assert gateway(chain).read(ADDRESS) == Reading(Stage.OPEN)
    chain.advance(CONFIRMED)
    assert paid(chain) == [(f"{txid}:{ADDRESS}", Decimal("12.50"), FALSE)]


@pytest.mark.parametrize(
    ("symbol", "label"),
    [
        ("USDT", "USDT"),
        ("U\u200bSDT", "USDT"),
        ("УСДТ", "?"),
        ("", "?"),
        ("<script>alert(1)</script>", "scriptalert1"),
        ("visit-spam.example\r\n", "visitspamexa"),
    ],
)
def test_a_foreign_symbol_is_shown_in_plain_letters(chain: Chain, symbol: str, label: str) -> None:
    token = Token(made_up_address("spam"), symbol, "")
    chain.send(ADDRESS, "1", token=token)
    chain.advance(CONFIRMED)
    (payment,) = gateway(chain).read(ADDRESS).paid
    assert payment.currency == f"token:{label}:{token.address}"
    assert len(payment.currency) <= 53


@pytest.mark.parametrize(
    ("decimals", "units", "amount"),
    [
        (0, 7, "7"),
        (18, 1_234_567_890_123_456_789, "1.234567"),
        (0, 2**256 - 1, "1000000000000"),
        (255, 2**256 - 1, None),
        (6, 0, None),
    ],
)
def test_a_foreign_amount_is_cut_to_size(chain: Chain, decimals: int, units: int, amount: str | None) -> None:
    token = Token(made_up_address("odd"), "ODD", "Odd", 0)
    odd = {"symbol": "ODD", "address": token.address, "decimals": decimals, "name": "Odd"}
    txid = chain.send(ADDRESS, "1", token=token)
    chain.advance(CONFIRMED)
    answer(chain, LIST, page(row(transaction_id=txid, token_info=odd, value=str(units))))
    assert [each.amount for each in gateway(chain).read(ADDRESS).paid] == ([Decimal(amount)] if amount else [])


def test_a_token_that_nobody_knows_does_not_hold_up_the_payment(chain: Chain) -> None:
    txid = chain.send(ADDRESS, "12.50")
    spam = chain.send(ADDRESS, "1", token=FALSE_USDT)
    chain.advance(CONFIRMED)
    answer(chain, LIST, page(row(transaction_id=txid), row(transaction_id=spam, token_info={})))
    assert paid(chain) == [(txid, Decimal("12.50"), "USDT")]


def test_usdt_that_is_listed_as_unknown_is_no_shorter_list(chain: Chain) -> None:
    txid = chain.send(ADDRESS, "12.50")
    chain.advance(CONFIRMED)
    answer(chain, LIST, page(row(transaction_id=txid, token_info={})))
    with pytest.raises(Unreachable, match="the list of transfers and the receipt differ"):
        gateway(chain).read(ADDRESS)


def test_a_flood_of_worthless_tokens_does_not_drown_the_payment(chain: Chain) -> None:
    for _ in range(60):
        chain.send(ADDRESS, "1", token=FALSE_USDT)
    txid = chain.send(ADDRESS, "12.50")
    chain.advance(CONFIRMED)
    found = paid(chain)
    assert [each for each in found if each[2] == "USDT"] == [(txid, Decimal("12.50"), "USDT")]
    assert len(found) == 21


@pytest.mark.parametrize(
    "more", [{"kind": "Approval"}, {"sender": ADDRESS}], ids=["an approval", "to itself, which moves nothing"]
)
def test_other_rows_are_no_payments(chain: Chain, more: dict[str, Any]) -> None:
    chain.send(ADDRESS, "12.50", **more)
    chain.advance(CONFIRMED)
    assert gateway(chain).read(ADDRESS) == Reading(Stage.OPEN)


def test_nothing_sent_is_no_payment(chain: Chain) -> None:
    chain.send(ADDRESS, "0")
    chain.advance(CONFIRMED)
    assert gateway(chain).read(ADDRESS) == Reading(Stage.OPEN)


def test_what_left_the_address_is_not_counted_though_it_is_listed(chain: Chain) -> None:
    txid = chain.send(STRANGER, "12.50", sender=ADDRESS)
    chain.advance(CONFIRMED)
    answer(chain, LIST, page(row(**{"transaction_id": txid, "from": ADDRESS, "to": STRANGER})))
    assert gateway(chain).read(ADDRESS) == Reading(Stage.OPEN)


# ------------------------------------------------------------------ list and receipt must agree


def receipt_of(chain: Chain) -> dict[str, Any]:
    """Of the newest transaction, as the chain tells it."""
    *_, (transaction, _) = chain.ledger.events()
    with TronGrid(chain.url) as grid:
        return grid.post(RECEIPT, {"value": transaction.txid})


def rows_of(chain: Chain) -> list[dict[str, Any]]:
    """All that are listed to ADDRESS, oldest first."""
    with TronGrid(chain.url) as grid:
        params = {"limit": "200", "order_by": "block_timestamp,asc"}
        return list(grid.get(f"{LIST}/{ADDRESS}/transactions/trc20", params)["data"])


@pytest.mark.parametrize(
    "told",
    [
        {"value": "99000000"},
        {"token_info": {"symbol": "USDT", "address": FALSE_USDT.address, "decimals": 6}},
        {"to": ADDRESSES[1]},
    ],
    ids=["another amount", "another token", "another receiver"],
)
def test_a_list_that_tells_more_than_the_receipt_pays_nothing(chain: Chain, told: dict[str, Any]) -> None:
    """The row says 12.5 USDT; the receipt, what is given."""
    token = Token(told["token_info"]["address"], "USDT", "") if "token_info" in told else USDT
    amount = Decimal(told.get("value", "12500000")) / 10**6
    txid = chain.send(told.get("to", ADDRESS), amount, token=token)
    chain.advance(CONFIRMED)
    answer(chain, LIST, page(row(transaction_id=txid)))
    with pytest.raises(Unreachable, match="the list of transfers and the receipt differ"):
        gateway(chain).read(ADDRESS)


def test_a_row_listed_twice_is_not_paid_twice(chain: Chain) -> None:
    txid = chain.send(ADDRESS, "12.50")
    chain.advance(CONFIRMED)
    answer(chain, LIST, page(row(transaction_id=txid), row(transaction_id=txid)))
    with pytest.raises(Unreachable, match="differ"):
        gateway(chain).read(ADDRESS)


def test_usdt_has_six_decimals(chain: Chain) -> None:
    txid = chain.send(ADDRESS, "12.50")
    chain.advance(CONFIRMED)
    answer(chain, LIST, page(row(transaction_id=txid, token_info={"address": CONTRACT, "symbol": "", "decimals": 2})))
    with pytest.raises(Unreachable, match="6 decimals"):
        gateway(chain).read(ADDRESS)


def test_the_contract_is_a_setting(chain: Chain) -> None:
    txid = chain.send(ADDRESS, "12.50", token=FALSE_USDT)
    chain.advance(CONFIRMED)
    reading = gateway(chain, contract=FALSE_USDT.address).read(ADDRESS)
    assert [(each.ref, each.currency) for each in reading.paid] == [(txid, "USDT")]


# ------------------------------------------------------------------ pages


def test_a_list_of_450_is_read_to_its_end(chain: Chain) -> None:
    for number in range(45):
        chain.send_together(ADDRESS, [(USDT, f"{number + 1}.{place}") for place in range(10)])
    chain.advance(CONFIRMED)
    found = paid(chain)
    assert len(found) == len({ref for ref, _, _ in found}) == 450
    assert sum(amount for _, amount, _ in found) == Decimal("10552.5")
    assert [call.query["limit"] for call in chain.calls if call.path.startswith(LIST)] == ["200"] * 3


@pytest.mark.parametrize("kind", ["close", "cut", "reply"])
def test_a_list_read_by_half_is_no_list(chain: Chain, kind: str) -> None:
    for _ in range(21):
        chain.send_together(ADDRESS, [(USDT, "1")] * 10)
    chain.advance(CONFIRMED)
    chain.fail(kind, LIST, after=1, status=500)
    with pytest.raises(Unreachable):
        gateway(chain).read(ADDRESS)


def test_a_list_without_end_is_given_up(chain: Chain) -> None:
    answer(chain, LIST, page(fingerprint="again"), times=None)
    with pytest.raises(Unreachable, match="no end"):
        gateway(chain).read(ADDRESS)
    assert len(chain.calls) == 25


# ------------------------------------------------------------------ failures


def reply(status: int, body: bytes = b"", **headers: str) -> dict[str, Any]:
    return {"kind": "reply", "status": status, "body": body, "headers": headers}


UNREACHABLE = {
    "timeout": {"kind": "timeout"},
    "close": {"kind": "close"},
    "reset": {"kind": "reset"},
    "cut": {"kind": "cut"},
    "drip": {"kind": "drip"},
    "drip_headers": {"kind": "drip_headers"},
    "429": reply(429, b"slow down", **{"Retry-After": "30"}),
    "500": reply(500, b"<html>oops</html>"),
    "503": reply(503),
    "302": reply(302, Location="http://127.0.0.1:1/"),
    "html": reply(200, b"<!DOCTYPE html><title>Just a moment...</title>"),
    "empty": reply(200),
    "cut JSON": reply(200, b'{"success": true, "data": [{"val'),
    "not UTF-8": reply(200, b'{"success": true, "data": "\xff"}'),
    "a list": reply(200, b"[]"),
    "null": reply(200, b"null"),
    "a number without end": reply(200, b'{"success": true, "data": ' + b"9" * 5000 + b"}"),
    "a deep nest": reply(200, b"[" * 200_000),
    "an error": reply(200, b'{"Error": "class java.lang.NullPointerException : null"}'),
    "too long": reply(200, b" " * (4 * 1024 * 1024 + 1)),
}
REFUSED = {"401": reply(401), "403": reply(403, b'{"success": false}'), "400": reply(400), "404": reply(404, b"{}")}


@pytest.mark.parametrize("path", [LIST, RECEIPT, NEWEST])
@pytest.mark.parametrize("fault", UNREACHABLE.values(), ids=UNREACHABLE)
def test_no_clear_answer(chain: Chain, fault: dict[str, Any], path: str) -> None:
    chain.send(ADDRESS, "12.50")
    chain.advance(CONFIRMED)
    chain.fail(path=path, **fault)
    with pytest.raises(Unreachable):
        gateway(chain, seconds=0.4).read(ADDRESS)


@pytest.mark.parametrize("path", [LIST, RECEIPT, NEWEST])
@pytest.mark.parametrize("fault", REFUSED.values(), ids=REFUSED)
def test_a_clear_no(chain: Chain, fault: dict[str, Any], path: str) -> None:
    chain.send(ADDRESS, "12.50")
    chain.fail(path=path, **fault)
    with pytest.raises(Refused):
        gateway(chain).read(ADDRESS)


def test_too_many_calls_says_when_to_come_again(chain: Chain) -> None:
    chain.fail(path=LIST, **UNREACHABLE["429"])
    with pytest.raises(Unreachable) as caught:
        gateway(chain).read(ADDRESS)
    assert caught.value.why == "TronGrid cannot answer now (HTTP 429; again in 30 s)"


def test_nobody_listens() -> None:
    with Chain() as chain:
        gone = gateway(chain)
    with pytest.raises(Unreachable):
        gone.read(ADDRESS)


def test_the_key_is_sent_and_never_told(chain: Chain) -> None:
    with Chain(api_key="s3cret") as strict:
        strict.send(ADDRESS, "12.50")
        assert gateway(strict, api_key="s3cret").read(ADDRESS).stage == Stage.PENDING
        assert {call.api_key for call in strict.calls} == {"s3cret"}
        with pytest.raises(Refused) as caught:
            gateway(strict, api_key="wr0ng").read(ADDRESS)
        assert "wr0ng" not in repr(caught.value)


@pytest.mark.parametrize("api_key", ["a\r\nb", "ключ", "a\x00"])
def test_a_key_that_no_header_can_hold(chain: Chain, api_key: str) -> None:
    with pytest.raises(ValueError, match="an API key is of plain letters and digits"):
        gateway(chain, api_key=api_key).read(ADDRESS)


@pytest.mark.parametrize("url", ["", "api.trongrid.io", "ftp://x", "https://", "http://a b", "http://é"])
def test_an_address_of_no_server(url: str) -> None:
    with pytest.raises(ValueError, match="not an http or https address"):
        TronGrid(url)


@pytest.mark.parametrize("ref", ["", "T", "../../admin", ADDRESS.lower(), ADDRESS + "?x=1"])
def test_only_addresses_are_asked_for(chain: Chain, ref: str) -> None:
    with pytest.raises(Refused, match="not a TRON address"):
        gateway(chain).read(ref)
    assert chain.calls == []


# ------------------------------------------------------------------ replies unlike the documentation

ODD_ROWS = [
    *({name: value} for name in ("type", "to", "from", "value", "transaction_id") for value in (None, 5, [], {})),
    *({"value": value} for value in ("-5", "5.0", "1e6", " 5", "٥", "0x5", "", "9" * 79, "1_0")),
    *({"transaction_id": value} for value in ("", "ab", "AB" * 32, "../" * 21 + "a")),
    *({"block_timestamp": value} for value in (None, "1767261600000", 0, -1, 10**16, 1.5, True)),
    *({"token_info": value} for value in (None, [], "USDT")),
    *({"token_info": {"symbol": "USDT", "decimals": 6, "address": value}} for value in (None, 5, "", "USDT", [])),
    *({"token_info": {"symbol": "USDT", "address": CONTRACT, "decimals": d}} for d in (None, "6", -1, 256, 6.0, True)),
]
ODD_LISTS: list[dict[str, Any]] = [
    *({"success": True, "meta": {}, "data": data} for data in (None, {}, "[]", [None], [[]], ["row"])),
    *({"success": True, "meta": meta, "data": []} for meta in (None, [], {"fingerprint": 5}, {"fingerprint": None})),
    {"success": True, "data": []},
    *({"success": success, "meta": {}, "data": []} for success in (None, "true", 1, False)),
    {"meta": {}, "data": []},
]


@pytest.mark.parametrize("odd", ODD_ROWS, ids=str)
def test_an_odd_row_spoils_the_list(chain: Chain, odd: dict[str, Any]) -> None:
    answer(chain, LIST, page(row(**odd)))
    with pytest.raises(Unreachable):
        gateway(chain).read(ADDRESS)


@pytest.mark.parametrize("name", ["type", "to", "from", "value", "transaction_id", "block_timestamp", "token_info"])
def test_a_row_without_a_field_spoils_the_list(chain: Chain, name: str) -> None:
    answer(chain, LIST, page({key: value for key, value in row().items() if key != name}))
    with pytest.raises(Unreachable, match="not as documented"):
        gateway(chain).read(ADDRESS)


@pytest.mark.parametrize("odd", ODD_LISTS, ids=str)
def test_an_odd_list(chain: Chain, odd: dict[str, Any]) -> None:
    answer(chain, LIST, odd)
    with pytest.raises(Unreachable):
        gateway(chain).read(ADDRESS)


@pytest.mark.parametrize(
    "odd",
    [
        {"id": "cd" * 32},
        {"id": None},
        {"blockNumber": None},
        {"blockNumber": "5"},
        {"blockNumber": -5},
        {"blockNumber": True},
        {"receipt": None},
        {"receipt": []},
        {"receipt": {}},
        {"receipt": {"result": 1}},
        {"log": None},
        {"log": {}},
        {"log": []},
        {"log": [None, 5, {}, {"address": 5, "topics": 5, "data": 5}]},
    ],
    ids=str,
)
def test_an_odd_receipt(chain: Chain, odd: dict[str, Any]) -> None:
    chain.send(ADDRESS, "12.50")
    chain.advance(CONFIRMED)
    answer(chain, RECEIPT, receipt_of(chain) | odd)
    with pytest.raises(Unreachable):
        gateway(chain).read(ADDRESS)


@pytest.mark.parametrize(
    "odd",
    [{}, {"block_header": {}}, {"block_header": 5}, *({"block_header": {"raw_data": {"number": n}}} for n in "5")],
)
def test_an_odd_newest_block(chain: Chain, odd: dict[str, Any]) -> None:
    chain.send(ADDRESS, "12.50")
    answer(chain, NEWEST, odd)
    with pytest.raises(Unreachable, match="newest block"):
        gateway(chain).read(ADDRESS)


@pytest.mark.parametrize("path", [RECEIPT, NEWEST])
def test_a_nodes_error_is_no_answer(chain: Chain, path: str) -> None:
    """Though the rest of the reply is right."""
    chain.send(ADDRESS, "12.50")
    chain.advance(CONFIRMED)
    answer(chain, path, {**receipt_of(chain), **BLOCK, "Error": "the node is starting"})
    with pytest.raises(Unreachable, match="the TRON node answered with an error"):
        gateway(chain).read(ADDRESS)


def test_an_answer_has_a_limit_though_it_is_right(chain: Chain) -> None:
    chain.send(ADDRESS, "12.50")
    answer(chain, NEWEST, json.dumps(BLOCK).encode() + b" " * 4 * 1024 * 1024)
    with pytest.raises(Unreachable, match="TooLong"):
        gateway(chain).read(ADDRESS)


def test_an_answer_that_is_right_but_shorter_than_it_says_is_not_taken(chain: Chain) -> None:
    """A list of no rows, of a reply that was to be longer."""
    chain.fail("cut", LIST, body=json.dumps(page()).encode() + b" " * 2000)
    with pytest.raises(Unreachable, match="IncompleteRead"):
        gateway(chain).read(ADDRESS)


def test_an_approval_in_the_receipt_is_no_transfer(chain: Chain) -> None:
    txid = chain.send(ADDRESS, "12.50", kind="Approval")
    chain.advance(CONFIRMED)
    answer(chain, LIST, page(row(transaction_id=txid)))
    with pytest.raises(Unreachable, match="differ"):
        gateway(chain).read(ADDRESS)


def test_a_flood_does_not_hide_what_is_listed_as_unknown(chain: Chain) -> None:
    for _ in range(25):
        chain.send(ADDRESS, "1", token=FALSE_USDT)
    txid = chain.send(ADDRESS, "12.50")
    chain.advance(CONFIRMED)
    rows = [each if each["transaction_id"] != txid else {**each, "token_info": {}} for each in rows_of(chain)]
    answer(chain, LIST, page(*rows))
    with pytest.raises(Unreachable, match="differ"):
        gateway(chain).read(ADDRESS)


# ------------------------------------------------------------------ whatever comes

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([CONTRACT, ADDRESS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def near(right: Any) -> st.SearchStrategy[Any]:
    """The right reply, with parts of it now and then replaced or left out."""
    if isinstance(right, dict):
        whole = st.fixed_dictionaries({}, optional={name: near(value) for name, value in right.items()})
        exact = st.fixed_dictionaries({name: near(value) for name, value in right.items()})
        return st.one_of(exact, exact, exact, whole, JSON)
    if isinstance(right, list):
        return st.one_of(st.tuples(*map(near, right)).map(list), st.lists(near(right[0]), max_size=3), JSON)
    return st.one_of(*[st.just(right)] * 6, JSON)


TOKENS = st.sampled_from([CONTRACT, FALSE_USDT.address])
TXID = "ab" * 32
USDT_HEX = "a614f803b6fd780986a42c78ec9c7f77e6ded13c"


def log(address: str = USDT_HEX, value: int = 12_500_000) -> dict[str, Any]:
    receiver = "c8599111f29c1e1e061265b4af93ea1f274ad78a"
    event = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    return {"address": address, "topics": [event, "1".zfill(64), receiver.zfill(64)], "data": f"{value:064x}"}


INFO = {"id": TXID, "blockNumber": 1, "receipt": {"result": "SUCCESS"}, "log": [log()]}
BLOCK = {"block_header": {"raw_data": {"number": 100}}}


@pytest.fixture(scope="module")
def puppet() -> Iterator[Chain]:
    with Chain() as chain:
        yield chain


def told(chain: Chain, listed: Any, info: Any, block: Any) -> Reading | None:
    """What is read where these are the replies. None for a GatewayError; whatever else it is, is raised."""
    chain.faults.clear()
    for path, body in ((LIST, listed), (RECEIPT, info), (NEWEST, block)):
        answer(chain, path, json.dumps(body).encode(), times=None)
    try:
        return gateway(chain).read(ADDRESS)
    except GatewayError:
        return None


def test_the_replies_to_vary_are_a_payment(puppet: Chain) -> None:
    reading = told(puppet, page(row()), INFO, BLOCK)
    assert reading is not None
    assert [(each.ref, each.amount, each.currency) for each in reading.paid] == [(TXID, Decimal("12.5"), "USDT")]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(listed=near(page(row())), info=near(INFO), block=near(BLOCK))
def test_whatever_comes_it_is_the_payment_or_none(puppet: Chain, listed: Any, info: Any, block: Any) -> None:
    reading = told(puppet, listed, info, block)
    for each in reading.paid if reading else ():
        assert (each.currency, each.amount) == ("USDT", Decimal("12.5")) or each.currency.startswith("token:")


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.tuples(TOKENS, st.integers(0, 3)), max_size=4),
    logs=st.lists(st.tuples(TOKENS, st.integers(0, 3)), max_size=4),
    symbol=st.sampled_from(["USDT", "usdt", "", "TetherUSD"]),
)
def test_usdt_is_what_the_right_contract_sent(
    puppet: Chain, rows: list[tuple[str, int]], logs: list[tuple[str, int]], symbol: str
) -> None:
    names = {CONTRACT: USDT_HEX, FALSE_USDT.address: "00" * 20}
    listed = [row(token_info={"address": a, "symbol": symbol, "decimals": 6}, value=str(v)) for a, v in rows]
    info = INFO | {"log": [log(names[a], v) for a, v in logs]}
    reading = told(puppet, page(*listed), info, BLOCK)
    sent = sorted(value for address, value in logs if address == CONTRACT and value)
    claimed = sorted(value for address, value in rows if address == CONTRACT and value)
    if not any(value for _, value in rows):
        assert reading == Reading(Stage.OPEN)
    elif sent != claimed:
        assert reading is None
    else:
        assert reading is not None
        assert sorted(int(p.amount * 10**6) for p in reading.paid if p.currency == "USDT") == sent


# ------------------------------------------------------------------ the rest of the gateway


def test_a_wish_gets_the_address_of_its_index(chain: Chain) -> None:
    indexes = {"one": 0, "two": 3}
    tron = gateway(chain, allocate=indexes.__getitem__)
    assert tron.start(wish("one")) == tron.start(wish("one")) == Started(ref=ADDRESSES[0])
    assert tron.start(wish("two")) == Started(ref=ADDRESSES[3])
    assert chain.calls == []


def test_balances_to_sweep(chain: Chain) -> None:
    chain.send(ADDRESSES[0], "12.50")
    chain.send(ADDRESSES[0], "0.000001")
    chain.send(ADDRESSES[1], "7", token=FALSE_USDT)
    chain.send(ADDRESSES[2], "9", succeeded=False)
    chain.send(STRANGER, "2.5", sender=ADDRESSES[0])
    chain.send(ADDRESSES[3], "3")
    found = dict(gateway(chain).balances(ADDRESSES))
    assert found == dict(zip(ADDRESSES, map(Decimal, ("10.000001", "0", "0", "3", "0")), strict=True))


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"result": {"code": "CONTRACT_VALIDATE_ERROR"}},
        {"result": {"result": True}},
        {"result": {"result": True}, "constant_result": []},
        {"result": {"result": True}, "constant_result": [""]},
        {"result": {"result": True}, "constant_result": ["-" + "1" * 63]},
        {"result": {"result": False}, "constant_result": ["1".zfill(64)]},
        {"result": [], "constant_result": {}},
    ],
    ids=str,
)
def test_an_odd_balance(chain: Chain, odd: dict[str, Any]) -> None:
    answer(chain, "/wallet/triggerconstantcontract", odd)
    with pytest.raises(Unreachable):
        list(gateway(chain).balances([ADDRESS]))


def test_no_balance_of_what_is_no_address(chain: Chain) -> None:
    with pytest.raises(Refused):
        list(gateway(chain).balances(["nobody"]))


def test_what_a_person_does(chain: Chain) -> None:
    tron = gateway(chain)
    with pytest.raises(NotSupported, match="a person sends it"):
        tron.refund(Refunding("r1", "ab" * 32, Decimal(5), "USDT"))
    with pytest.raises(NotSupported):
        tron.read_payment("ab" * 32)
    with pytest.raises(NotSupported):
        tron.paid_since(START)
    with pytest.raises(BadSignature):
        tron.notice(b"{}", {})
