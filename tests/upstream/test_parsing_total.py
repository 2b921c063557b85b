"""Whatever comes over the wire, a parser answers with its type or an UpstreamError."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.upstream.errors import Rejected, Unclear, UpstreamError
from catalog.upstream.parsing import catalogue, following, lists
from catalog.upstream.parsing.purchase import parse_purchase

PARSERS: list[Callable[[bytes, int], Any]] = [
    parse_purchase,
    following.parse_status,
    following.parse_status_v2,
    following.parse_done(following.CANCELLED),
    lists.parse_active,
    lists.parse_history,
    catalogue.parse_balance,
    catalogue.parse_countries,
    catalogue.parse_services,
    catalogue.parse_offers,
]
NAMES = """activationId phoneNumber activationCost activationTime activationEndTime activationStatus smsText smsCode
    countryCode serviceCode id phone cost price count code name eng sms data call text dateTime date title details
    info field min minActivationTime status error message msg balance services rows row num_rows tg 187 0.25"""
WORDS = """NO_NUMBERS success error STATUS_OK:1 ACCESS_NUMBER:1:6281200000001 UNPROCESSABLE_ENTITY WRONG_MAX_PRICE
    NEW_OTP_RECEIVED BANNED NO_ACTIVATIONS 2026-03-01T10:00:00+03:00 [1] 12 -1 0.5"""
WORD = st.sampled_from(WORDS.split())
SCALARS = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=20) | WORD
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES.split()), inner, max_size=6),
    max_leaves=20,
)
TEXTS = st.builds(lambda word, tail: f"{word}{tail}".encode(), WORD, st.text(max_size=20))
JSON = TREES.map(lambda tree: json.dumps(tree).encode())
CUT = st.builds(lambda body, at: body[: at % (len(body) + 1)], JSON, st.integers(0, 10_000))
BODIES = st.binary(max_size=200) | TEXTS | JSON | CUT
STATUSES = st.sampled_from([200, 201, 204, 301, 400, 401, 402, 403, 404, 409, 422, 429, 500, 503]) | st.integers(
    100, 599
)


def error_of(parse: Callable[[bytes, int], Any], body: bytes, status: int) -> UpstreamError | None:
    try:
        parse(body, status)
    except UpstreamError as error:
        return error
    return None


@settings(max_examples=400, deadline=None)
@given(BODIES, STATUSES)
def test_any_reply_to_anything(body: bytes, status: int) -> None:
    errors = [error_of(parse, body, status) for parse in PARSERS]
    assert all(error is None or len(error.token) <= 64 for error in errors)


@settings(max_examples=400, deadline=None)
@given(BODIES, STATUSES.filter(lambda status: status >= 500 or 300 <= status < 400))
def test_a_broken_server_never_rejects_a_purchase(body: bytes, status: int) -> None:
    assert not isinstance(error_of(parse_purchase, body, status), Rejected)


HUGE: list[tuple[Callable[[bytes, int], Any], bytes]] = [
    (lists.parse_active, b"[" * 1_000_000),
    (parse_purchase, b'{"activationId":1,"phoneNumber":"6281200000001","activationCost":1e9999999999}'),
    (catalogue.parse_balance, b'{"balance":-1e9999999999}'),
    (following.parse_status_v2, b'{"sms":' * 100_000),
    (following.parse_status, b"STATUS_OK:" + b"x" * 1_000_000),
    (parse_purchase, b'{"activationId":' + b"9" * 100_000 + b"}"),
    (parse_purchase, b'{"activationId":1,"phoneNumber":"6281200000001","activationCost":1e' + b"9" * 30 + b"}"),
    (parse_purchase, b"ACCESS_NUMBER:" + b"1" * 100_000 + b":6281200000001"),
    (catalogue.parse_offers, b'{"187":{"tg":{"cost":1e-999999999,"count":1}}}'),
    (catalogue.parse_balance, b"ACCESS_BALANCE:" + b"9" * 100_000),
]


@pytest.mark.parametrize(("parse", "body"), HUGE, ids=range(len(HUGE)))
def test_absurd_sizes_are_unclear(parse: Callable[[bytes, int], Any], body: bytes) -> None:
    assert type(error_of(parse, body, 200)) is Unclear
