import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from catalog.upstream import errors
from catalog.upstream.parsing.purchase import parse_purchase
from catalog.upstream.types import Activation

HERO = {
    "activationId": 700100200,
    "phoneNumber": "6281200000001",
    "activationCost": 0.18,
    "currency": 840,
    "countryCode": "6",
    "activationTime": "2026-03-01T10:00:00+03:00",
    "activationEndTime": "2026-03-01T10:20:00+03:00",
}


def parse(reply: str | dict[str, Any], status: int = 200) -> Activation:
    body = reply if isinstance(reply, str) else json.dumps(reply)
    return parse_purchase(body.encode(), status)


def refused(reply: str | dict[str, Any], status: int = 200) -> errors.UpstreamError:
    with pytest.raises(errors.UpstreamError) as caught:
        parse(reply, status)
    return caught.value


def title(token: str, **info: Any) -> dict[str, Any]:
    return {"title": token, "details": "in words"} | ({"info": info} if info else {})


@pytest.mark.parametrize(
    "reply", ["ACCESS_NUMBER:700100200:6281200000001", "\n ACCESS_NUMBER:700100200:6281200000001\n"]
)
def test_text_tells_id_and_phone(reply: str) -> None:
    assert parse(reply) == Activation("700100200", "+6281200000001", None, None)


def test_json_tells_cost_and_lifetime() -> None:
    assert parse(HERO) == Activation("700100200", "+6281200000001", Decimal("0.18"), timedelta(minutes=20))


@pytest.mark.parametrize(
    "changed",
    [
        {"activationId": "700100200"},
        {"phoneNumber": 6281200000001},
        {"phoneNumber": "+6281200000001"},
        {"activationCost": "0.18"},
        {"activationTime": "2026-03-01 10:00:00", "activationEndTime": "2026-03-01 10:20:00"},
        {"activationEndTime": None, "activationEnd": "2026-03-01T10:20:00+03:00"},
    ],
)
def test_other_forms_of_the_same_purchase(changed: dict[str, Any]) -> None:
    assert parse(HERO | changed) == parse(HERO)


@pytest.mark.parametrize(
    "end", [None, "", "0000-00-00 00:00:00", "2026-03-01 10:20:00", "2026-03-01T09:00:00+03:00", "soon", 5, []]
)
def test_no_lifetime_where_the_end_tells_none(end: Any) -> None:
    assert parse(HERO | {"activationEndTime": end}).lifetime is None


@pytest.mark.parametrize("cost", [None, ""])
def test_cost_may_be_missing(cost: Any) -> None:
    assert parse(HERO | {"activationCost": cost}).cost is None


@pytest.mark.parametrize("status", [200, 201, 400, 404, 429, 500, 502])
def test_a_sold_number_is_sold_at_any_status(status: int) -> None:
    assert parse(HERO, status).activation_id == "700100200"
    assert parse("ACCESS_NUMBER:700100200:6281200000001", status).phone == "+6281200000001"


@pytest.mark.parametrize(
    "reply",
    [
        "ACCESS_NUMBER",
        "ACCESS_NUMBER:",
        "ACCESS_NUMBER:700100200",
        "ACCESS_NUMBER:700100200:",
        "ACCESS_NUMBER:700100200:62812",
        "ACCESS_NUMBER:700100200:6281200000001234",
        "ACCESS_NUMBER:x1:6281200000001",
        "ACCESS_NUMBER:0:6281200000001",
        "ACCESS_NUMBERS:1:6281200000001",
        HERO | {"phoneNumber": None},
        HERO | {"phoneNumber": "٠١٢٣٤٥٦٧٨٩"},
        HERO | {"activationId": True},
        HERO | {"activationId": 0},
        HERO | {"activationId": 1.5},
        HERO | {"activationId": {"id": 1}},
        HERO | {"activationCost": -0.18},
        HERO | {"activationCost": "-0.18"},
        HERO | {"activationCost": 10**400},
        HERO | {"activationCost": True},
        HERO | {"phoneNumber": None} | title("NO_NUMBERS"),
        json.dumps(HERO)[:60],
        json.dumps(HERO).replace("0.18", "NaN"),
        json.dumps(HERO).replace("0.18", "Infinity"),
        json.dumps(HERO).replace("0.18", "1e99999999999999999999"),
        "[" * 100_000,
    ],
)
def test_a_spoiled_purchase_is_unclear(reply: Any) -> None:
    assert type(refused(reply)) is errors.Unclear


REFUSALS = [
    ("NO_NUMBERS", 404, errors.OutOfStock),
    ("BAD_SERVICE", 422, errors.NotSold),
    ("WRONG_SERVICE", 422, errors.NotSold),
    ("BAD_COUNTRY", 422, errors.NotSold),
    ("NO_BALANCE", 402, errors.AccountTrouble),
    ("BAD_KEY", 401, errors.AccountTrouble),
    ("NO_KEY", 422, errors.AccountTrouble),
    ("ACCOUNT_INACTIVE", 403, errors.AccountTrouble),
    ("SERVICE_NOT_AVAILABLE", 403, errors.AccountTrouble),
    ("BANNED", 403, errors.AccountTrouble),
    ("CHANNELS_LIMIT", 403, errors.Unavailable),
    ("WRONG_MAX_PRICE", 400, errors.PriceMoved),
    ("BAD_ACTION", 404, errors.NotSupported),
    ("BAD_VALUES", 400, errors.Rejected),
]


@pytest.mark.parametrize(("token", "status", "kind"), REFUSALS)
def test_a_refusal_in_each_of_its_forms(token: str, status: int, kind: type[errors.UpstreamError]) -> None:
    forms = [
        refused(token),
        refused(f" {token}\n"),
        refused(title(token)),
        refused(title(token), status),
        refused({"status": "error", "error": token}),
        refused({"status": "false", "msg": token}),
    ]
    assert [(type(error), error.token) for error in forms] == [(kind, token)] * 6


@pytest.mark.parametrize(
    ("reply", "status", "kind"),
    [
        ({"error": "Bad service"}, 200, errors.NotSold),
        ({"status": "false", "msg": "service is incorrect"}, 200, errors.NotSold),
        ({"status": 0, "message": "No access", "data": []}, 401, errors.AccountTrouble),
        ("UNPROCESSABLE_ENTITY:service:INVALID", 200, errors.NotSold),
        (title("UNPROCESSABLE_ENTITY", field="country", code="INVALID"), 422, errors.NotSold),
        (title("UNPROCESSABLE_ENTITY", field="api_key", code="REQUIRED"), 422, errors.AccountTrouble),
        (title("UNPROCESSABLE_ENTITY", field="maxPrice", code="INVALID"), 422, errors.Rejected),
        ("BANNED:'2026-3-1 10-00-00'", 200, errors.AccountTrouble),
        ("BANNED:2026-03-01 10:00:00", 200, errors.AccountTrouble),
        ("The service is prohibited for sale here", 200, errors.NotSold),
        ("", 429, errors.Unavailable),
        ("Too Many Requests", 429, errors.Unavailable),
        ("<html>slow down</html>", 429, errors.Unavailable),
        (title("RATE_LIMIT"), 429, errors.Unavailable),
    ],
)
def test_refusals_of_a_form_of_their_own(reply: Any, status: int, kind: type[errors.UpstreamError]) -> None:
    assert type(refused(reply, status)) is kind


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ("", 200),
        ("", 204),
        ("", 401),
        ("   ", 200),
        ("<html>NO_NUMBERS</html>", 200),
        ("error code: 1010", 403),
        ("ERROR_SQL", 200),
        ("SQL_ERROR", 200),
        ("SERVER_ERROR", 200),
        ("TRY_AGAIN", 200),
        ("ERROR", 200),
        ("REPEATED_NUMBER", 200),
        ("ORDER_ALREADY_EXISTS", 200),
        ("NO_ACTIVATION", 200),
        ("BAD_STATUS", 200),
        ("EARLY_CANCEL_DENIED", 200),
        ("SOMETHING_NEW", 200),
        ("no_numbers", 200),
        ("there are NO_NUMBERS", 200),
        ("NO_NUMBERS", 500),
        ("NO_NUMBERS", 302),
        (title("NO_NUMBERS"), 503),
        (title("NOT_FOUND"), 404),
        (title("SOMETHING_NEW"), 400),
        ("internal error; reference = 1", 200),
        ({}, 200),
        ({"status": "success"}, 200),
        ({"status": "error"}, 200),
        ([], 200),
        ("null", 200),
    ],
)
def test_everything_else_is_unclear(reply: Any, status: int) -> None:
    body = json.dumps(reply) if isinstance(reply, list) else reply
    assert type(refused(body, status)) is errors.Unclear


@pytest.mark.parametrize(
    ("reply", "least"),
    [
        ("WRONG_MAX_PRICE:0.35", Decimal("0.35")),
        (title("WRONG_MAX_PRICE", min=0.35), Decimal("0.35")),
        ("WRONG_MAX_PRICE", None),
        ("WRONG_MAX_PRICE:dear", None),
        (title("WRONG_MAX_PRICE", min=-1), None),
    ],
)
def test_a_moved_price_tells_the_least(reply: Any, least: Decimal | None) -> None:
    error = refused(reply, 200 if isinstance(reply, str) else 400)
    assert isinstance(error, errors.PriceMoved)
    assert error.least == least


def test_a_ban_tells_its_seconds() -> None:
    error = refused(title("BANNED", scope="global", retry_after_seconds=900), 403)
    assert isinstance(error, errors.AccountTrouble)
    assert error.retry_after == 900.0


@pytest.mark.parametrize("prose", ["Key sk-12 is wrong", "K: sk-12", "<p>sk-12</p>", '{"title": "Bad key sk-12"}'])
def test_prose_is_not_quoted(prose: str) -> None:
    assert "12" not in str(refused(prose))
