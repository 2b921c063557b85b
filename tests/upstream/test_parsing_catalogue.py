import json
from decimal import Decimal
from typing import Any

import pytest

from catalog.upstream import errors
from catalog.upstream.parsing import catalogue
from catalog.upstream.types import CountryRow, OfferRow, ServiceRow

MALAYSIA = {"id": 7, "rus": "Малайзия", "eng": "Malaysia", "chn": "马来西亚", "visible": 1}
OFFER = OfferRow(187, "tg", Decimal("0.25"), 900)


def offers(reply: Any, status: int = 200) -> list[OfferRow]:
    return catalogue.parse_offers((reply if isinstance(reply, str) else json.dumps(reply)).encode(), status)


@pytest.mark.parametrize(
    ("reply", "balance"),
    [
        ("ACCESS_BALANCE:12.5085", "12.5085"),
        ("ACCESS_BALANCE:100", "100"),
        ("ACCESS_BALANCE:-3.5", "-3.5"),
        ('{"balance":"4.6820","currency":840}', "4.6820"),
        ('{"balance":17.154}', "17.154"),
    ],
)
def test_balance(reply: str, balance: str) -> None:
    assert catalogue.parse_balance(reply.encode(), 200) == Decimal(balance)


@pytest.mark.parametrize(
    "reply", ["ACCESS_BALANCE", "ACCESS_BALANCE:", "ACCESS_BALANCE:NaN", "ACCESS_BALANCE:1e9", "12.5"]
)
def test_no_balance_in_it_is_unclear(reply: str) -> None:
    with pytest.raises(errors.Unclear):
        catalogue.parse_balance(reply.encode(), 200)


@pytest.mark.parametrize(
    "reply",
    [
        {"7": MALAYSIA},
        [MALAYSIA],
        {"7": {"id": "7", "eng": "Malaysia"}},
        [MALAYSIA, MALAYSIA],
        {"": {"id": None, "eng": "Faroe Islands"}, "7": MALAYSIA},
        [{"id": 7, "name": " Malaysia "}],
    ],
)
def test_countries_in_each_shape(reply: Any) -> None:
    assert catalogue.parse_countries(json.dumps(reply).encode(), 200) == [CountryRow(7, "Malaysia")]


@pytest.mark.parametrize(
    "reply",
    [
        {"status": "success", "services": [{"code": "tg", "name": "Telegram "}]},
        [{"code": "tg", "name": "Telegram"}],
        {"tg": "Telegram"},
        {"tg": {"name": "Telegram"}},
        {"services": {"tg": "Telegram"}},
        [{"code": "tg", "name": "Telegram"}, {"code": None, "name": "none"}, {"code": "n/a", "name": "none"}],
    ],
)
def test_services_in_each_shape(reply: Any) -> None:
    assert catalogue.parse_services(json.dumps(reply).encode(), 200) == [ServiceRow("tg", "Telegram")]


def test_an_envelope_is_no_list_of_services() -> None:
    with pytest.raises(errors.Unclear, match="NO_SERVICES"):
        catalogue.parse_services(b'{"status":"success","data":[]}', 200)


@pytest.mark.parametrize(
    "cell",
    [
        {"cost": 0.25, "count": 900, "physicalCount": 12},
        {"cost": "0.25", "count": "900"},
        {"price": 0.25, "count": 900, "currency": 840},
        {"0.3": 100, "0.25": 800},
        {"2263": {"count": 100, "price": 0.3}, "2266": {"count": 800, "price": 0.25}},
    ],
)
def test_an_offer_in_each_shape(cell: Any) -> None:
    assert offers({"187": {"tg": cell}}) == [OFFER]


def test_a_tier_without_stock_sets_no_price() -> None:
    assert offers({"187": {"tg": {"0.1": 0, "0.25": 900}}}) == [OFFER]


def test_the_forwarding_flag_is_cut_off() -> None:
    cells = {"tg_0": {"cost": 0.25, "count": 900}, "tg_1": {"cost": 0.5, "count": 1}}
    assert offers({"187": cells}) == [OFFER]


@pytest.mark.parametrize("reply", [{}, [], {"187": []}, {"187": {"tg": []}}, {"": {"tg": {"cost": 1, "count": 1}}}])
def test_nothing_on_sale(reply: Any) -> None:
    assert offers(reply) == []


@pytest.mark.parametrize(
    "cell",
    [
        {"cost": -0.25, "count": 900},
        {"cost": 0.25, "count": -1},
        {"cost": 0.25},
        {"count": 900},
        {"cost": "dear", "count": 900},
        {"cost": 0.25, "count": 2**31},
        {"cost": 10_000_000, "count": 1},
        5,
    ],
)
def test_one_bad_figure_spoils_the_list(cell: Any) -> None:
    with pytest.raises(errors.Unclear):
        offers({"6": {"tg": {"cost": 1, "count": 1}}, "187": {"tg": cell}})


@pytest.mark.parametrize(
    ("reply", "status", "kind"),
    [
        ('{"187":{"tg":{"cost":0.25,"co', 200, errors.Unclear),
        ("<html>", 200, errors.Unclear),
        ("", 200, errors.Unclear),
        ("{}", 500, errors.Unclear),
        ('{"telegram":{"187":{"cost":1,"count":1}}}', 200, errors.Unclear),
        ('{"error":"Bad service"}', 200, errors.NotSold),
        ('{"title":"RATE_LIMIT","details":""}', 429, errors.Unavailable),
        ('{"title":"BAD_KEY","details":"Unauthorized"}', 401, errors.AccountTrouble),
        ("BAD_ACTION", 200, errors.NotSupported),
    ],
)
def test_no_list(reply: str, status: int, kind: type[errors.UpstreamError]) -> None:
    with pytest.raises(errors.UpstreamError) as caught:
        offers(reply, status)
    assert type(caught.value) is kind
