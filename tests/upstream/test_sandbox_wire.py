"""What both dialects answer when all goes well, and the forms in which each says no."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from catalog.upstream.sandbox import Sandbox, VirtualClock
from catalog.upstream.sandbox.wire.profiles import HERO, sms_data
from tests.upstream.sandbox_caller import FIRST_ID, TELEGRAM_INDONESIA, Answer, call


@pytest.fixture(params=["hero", "classic"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    yield from playing(request.param)


@pytest.fixture
def hero() -> Iterator[Sandbox]:
    yield from playing("hero")


@pytest.fixture
def classic() -> Iterator[Sandbox]:
    yield from playing("classic")


def playing(profile: Any) -> Iterator[Sandbox]:
    with Sandbox(profile=profile, clock=VirtualClock(), never=1, first_id=FIRST_ID) as sandbox:
        sandbox.shop.stock(6, "tg", Decimal("0.35"), 420)
        yield sandbox


def buy(sandbox: Sandbox) -> int:
    call(sandbox, "getNumber", **TELEGRAM_INDONESIA)
    return sandbox.shop.open()[0].id


def with_sms(sandbox: Sandbox) -> int:
    id_ = buy(sandbox)
    sandbox.shop.deliver(id_, "Your code is 12345")
    return id_


def told(answer: Answer) -> tuple[int, Any]:
    return answer.status, answer.json if answer.body.startswith("{") else answer.body


def set_status(sandbox: Sandbox, id_: int, status: int) -> tuple[int, Any]:
    return told(call(sandbox, "setStatus", id=id_, status=status))


# What both say


@pytest.mark.parametrize(("balance", "text"), [("17.1540", "17.154"), ("100", "100.0"), ("0", "0.0")])
def test_balance_is_trimmed_but_keeps_a_point(sandbox: Sandbox, balance: str, text: str):
    sandbox.shop.account.balance = Decimal(balance)
    assert told(call(sandbox, "getBalance")) == (200, f"ACCESS_BALANCE:{text}")


def test_get_number_tells_id_and_phone(sandbox: Sandbox):
    answer = call(sandbox, "getNumber", **TELEGRAM_INDONESIA)
    number = sandbox.shop.open()[0]
    assert told(answer) == (200, f"ACCESS_NUMBER:{FIRST_ID}:{number.phone}")
    assert number.phone.isdigit()


def test_post_with_the_same_query_is_the_same(sandbox: Sandbox):
    assert call(sandbox, "getNumber", method="POST", **TELEGRAM_INDONESIA).body.startswith("ACCESS_NUMBER:")


def test_other_methods_are_refused(sandbox: Sandbox):
    assert call(sandbox, "getBalance", method="PUT").status == 405


def test_status_goes_from_waiting_to_the_code_to_waiting_again(sandbox: Sandbox):
    id_ = buy(sandbox)
    assert told(call(sandbox, "getStatus", id=id_)) == (200, "STATUS_WAIT_CODE")
    assert set_status(sandbox, id_, 1) == (200, "ACCESS_READY")
    sandbox.shop.deliver(id_, "Your code is 012345")
    assert told(call(sandbox, "getStatus", id=id_)) == (200, "STATUS_OK:012345")
    assert set_status(sandbox, id_, 3) == (200, "ACCESS_RETRY_GET")
    assert told(call(sandbox, "getStatus", id=id_)) == (200, "STATUS_WAIT_RETRY:012345")
    assert set_status(sandbox, id_, 3) == (200, "ACCESS_RETRY_GET")
    assert set_status(sandbox, id_, 6) == (200, "ACCESS_ACTIVATION")
    assert told(call(sandbox, "getStatus", id=id_)) == (200, "STATUS_OK:012345")


def test_a_text_without_a_code_is_told_whole(sandbox: Sandbox):
    id_ = buy(sandbox)
    sandbox.shop.deliver(id_, "Welcome: no code\nhere 😀")
    assert told(call(sandbox, "getStatus", id=id_)) == (200, "STATUS_OK:Welcome: no code\nhere 😀")


def test_status_v2_shows_the_newest_sms(sandbox: Sandbox):
    id_ = buy(sandbox)
    assert call(sandbox, "getStatusV2", id=id_).json == {"verificationType": 0, "sms": None, "call": None}
    sandbox.shop.deliver(id_, "first 1111")
    sandbox.shop.deliver(id_, "second 2222")
    sms = call(sandbox, "getStatusV2", id=id_).json["sms"]
    assert (sms["code"], sms["text"]) == ("2222", "second 2222")


@pytest.mark.parametrize("alias", [8, -1])
def test_cancel_after_the_grace(sandbox: Sandbox, alias: int):
    id_ = buy(sandbox)
    sandbox.advance(120)
    assert set_status(sandbox, id_, alias) == (200, "ACCESS_CANCEL")
    for action in ("getStatus", "getStatusV2"):
        assert told(call(sandbox, action, id=id_)) == (200, "STATUS_CANCEL")


def test_an_end_without_sms_reads_as_cancelled(sandbox: Sandbox):
    id_ = buy(sandbox)
    sandbox.advance(1200)
    assert told(call(sandbox, "getStatus", id=id_)) == (200, "STATUS_CANCEL")


def test_unknown_parameters_are_ignored(sandbox: Sandbox):
    assert call(sandbox, "getBalance", json=1, useCashBack="true").body == "ACCESS_BALANCE:10000.0"


def test_first_of_the_wished_operators_is_given(sandbox: Sandbox):
    answer = call(sandbox, "getNumberV2", operator="axis,three", **TELEGRAM_INDONESIA)
    assert answer.json["activationOperator"] == "axis"


# Hero's own


def test_hero_v2_has_every_field(hero: Sandbox):
    answer = call(hero, "getNumberV2", **TELEGRAM_INDONESIA)
    assert answer.content_type == "text/html; charset=UTF-8"
    assert answer.json == {
        "activationId": FIRST_ID,
        "phoneNumber": hero.shop.open()[0].phone,
        "activationCost": 0.35,
        "currency": 840,
        "countryCode": "6",
        "countryPhoneCode": 62,
        "canGetAnotherSms": "1",
        "activationTime": "2026-01-01T13:00:00+03:00",
        "activationEndTime": "2026-01-01T13:20:00+03:00",
        "activationOperator": "any",
        "serviceCode": "tg",
        "subtype": 0,
        "status": "4",
        "verificationType": 0,
    }


@pytest.mark.parametrize(
    ("action", "params", "status", "title"),
    [
        ("getNumberV2", {"service": "tg", "country": 0}, 404, "NO_NUMBERS"),
        ("getNumberV2", {"service": "tg", "country": 6, "maxPrice": "0.1"}, 400, "WRONG_MAX_PRICE"),
        ("getNumberV2", {"service": "zzzz", "country": 6}, 422, "UNPROCESSABLE_ENTITY"),
        ("getNumberV2", {"service": "tg"}, 422, "UNPROCESSABLE_ENTITY"),
        ("getStatus", {"id": 1}, 404, "NOT_FOUND"),
        ("getStatusV2", {"id": 1}, 404, "NOT_FOUND"),
        ("setStatus", {"id": 1, "status": 8}, 404, "NOT_FOUND"),
        ("getStatus", {"id": "abc"}, 422, "UNPROCESSABLE_ENTITY"),
        ("getNumbersStatus", {}, 422, "UNPROCESSABLE_ENTITY"),
        ("getPricesV2", {}, 404, "BAD_ACTION"),
        ("getBalanceAndCashBack", {}, 404, "BAD_ACTION"),
    ],
)
def test_hero_says_no_in_json(hero: Sandbox, action: str, params: dict[str, Any], status: int, title: str):
    answer = call(hero, action, **params)
    assert (answer.status, answer.json["title"]) == (status, title)


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"service": "tg", "country": 0}, "NO_NUMBERS"),
        ({"service": "tg", "country": 6, "maxPrice": "0.1"}, "WRONG_MAX_PRICE:0.35"),
        ({"service": "zzzz", "country": 6}, "UNPROCESSABLE_ENTITY:service:INVALID"),
    ],
)
def test_hero_get_number_says_no_in_text(hero: Sandbox, params: dict[str, Any], text: str):
    assert told(call(hero, "getNumber", **params)) == (200, text)


def test_hero_wants_a_key(hero: Sandbox):
    assert told(call(hero, "getBalance", key="wrong")) == (
        401,
        {"title": "BAD_KEY", "details": "Unauthorized"},
    )
    assert told(call(hero, "getBalance", key="")) == (
        422,
        {
            "title": "UNPROCESSABLE_ENTITY",
            "details": "Validation failed",
            "info": {"field": "api_key", "code": "REQUIRED", "message": ""},
        },
    )


def test_hero_shows_its_catalogue_without_a_key(hero: Sandbox):
    for action in ("getCountries", "getServicesList", "getPrices", "getOperators"):
        assert call(hero, action, key="").status == 200


def test_hero_no_balance_is_402(hero: Sandbox):
    hero.shop.account.balance = Decimal(0)
    assert call(hero, "getNumberV2", **TELEGRAM_INDONESIA).status == 402


def test_hero_ban_tells_how_long(hero: Sandbox):
    hero.shop.account.banned_until = hero.clock.now() + 90
    answer = call(hero, "getNumberV2", **TELEGRAM_INDONESIA)
    assert (answer.status, answer.json["info"]) == (
        403,
        {
            "scope": "global",
            "banned_until": int(hero.clock.now()) + 90,
            "retry_after_seconds": 90,
            "readable_date": "2026-01-01 10:01:30",
        },
    )


def test_hero_channels_limit_tells_the_limit(hero: Sandbox):
    hero.shop.account.max_open = 1
    buy(hero)
    answer = call(hero, "getNumberV2", **TELEGRAM_INDONESIA)
    assert (answer.status, answer.json["info"]) == (403, {"current_threads": 1, "max_allowed": 1})


def test_hero_early_cancel_tells_the_grace(hero: Sandbox):
    status, body = set_status(hero, buy(hero), 8)
    assert (status, body["title"], body["info"]) == (409, "EARLY_CANCEL_DENIED", {"minActivationTime": 120})


def test_hero_cancel_after_an_sms_shows_it_once(hero: Sandbox):
    id_ = with_sms(hero)
    status, body = set_status(hero, id_, 8)
    assert (status, body["title"]) == (409, "NEW_OTP_RECEIVED")
    assert body["info"]["data"]["text"] == "Your code is 12345"
    status, body = set_status(hero, id_, 8)
    assert (status, body["title"]) == (409, "OTP_RECEIVED")


@pytest.mark.parametrize(("status", "title"), [(3, "BAD_STATUS"), (6, "BAD_STATUS"), (7, "BAD_STATUS")])
def test_hero_status_that_does_not_fit(hero: Sandbox, status: int, title: str):
    code, body = set_status(hero, buy(hero), status)
    assert (code, body["title"]) == (400, title)


@pytest.mark.parametrize("status", [1, 3, 6, 8])
def test_hero_finished_is_not_active(hero: Sandbox, status: int):
    id_ = with_sms(hero)
    hero.shop.finish(id_)
    code, body = set_status(hero, id_, status)
    assert (code, body["title"]) == (409, "ACTIVATION_NOT_ACTIVE")


def test_hero_finish_and_cancel_answer_nothing(hero: Sandbox):
    assert told(call(hero, "finishActivation", id=with_sms(hero))) == (204, "")
    id_ = buy(hero)
    hero.advance(120)
    assert told(call(hero, "cancelActivation", id=id_)) == (204, "")
    assert call(hero, "cancelActivation", id=id_).status == 409


def test_hero_lists_all_sms(hero: Sandbox):
    id_ = buy(hero)
    hero.shop.deliver(id_, "first 1111")
    hero.shop.deliver(id_, "second 2222")
    answer = call(hero, "getAllSms", id=id_).json
    assert [row["code"] for row in answer["data"]] == ["1111", "2222"]
    assert answer["meta"] == {"total": 2, "service": "tg"}
    assert [row["code"] for row in call(hero, "getAllSms", id=id_, size=1, page=2).json["data"]] == ["2222"]


# Classic's own


@pytest.mark.parametrize(
    ("action", "params", "text"),
    [
        ("getNumberV2", {"service": "tg", "country": 0}, "NO_NUMBERS"),
        ("getNumberV2", {"service": "tg", "country": 6, "maxPrice": "0.1"}, "WRONG_MAX_PRICE:0.35"),
        ("getNumberV2", {"service": "zzzz", "country": 6}, "BAD_SERVICE"),
        ("getNumberV2", {"service": "tg", "country": 9999}, "BAD_COUNTRY"),
        ("getStatus", {"id": 1}, "NO_ACTIVATION"),
        ("setStatus", {"id": 1, "status": 8}, "NO_ACTIVATION"),
        ("getStatus", {"id": "abc"}, "WRONG_ACTIVATION_ID"),
        ("getAllSms", {"id": 1}, "BAD_ACTION"),
        ("finishActivation", {"id": 1}, "BAD_ACTION"),
    ],
)
def test_classic_says_no_in_a_word(classic: Sandbox, action: str, params: dict[str, Any], text: str):
    answer = call(classic, action, **params)
    assert (answer.status, answer.body, answer.content_type) == (200, text, "text/plain; charset=UTF-8")


def test_classic_wants_a_key_for_everything(classic: Sandbox):
    assert told(call(classic, "getCountries", key="")) == (200, "NO_KEY")
    assert told(call(classic, "getCountries", key="wrong")) == (200, "BAD_KEY")


def test_classic_account_troubles(classic: Sandbox):
    classic.shop.account.balance = Decimal(0)
    assert call(classic, "getNumber", **TELEGRAM_INDONESIA).body == "NO_BALANCE"
    classic.shop.account.max_open = 0
    assert call(classic, "getNumber", **TELEGRAM_INDONESIA).body == "CHANNELS_LIMIT"
    classic.shop.account.banned_until = classic.clock.now() + 90
    assert call(classic, "getNumber", **TELEGRAM_INDONESIA).body == "BANNED:'2026-01-01 10-01-30'"


def test_classic_v2_is_json_with_a_zoneless_time(classic: Sandbox):
    answer = call(classic, "getNumberV2", **TELEGRAM_INDONESIA)
    assert answer.content_type == "application/json"
    assert answer.json["activationId"] == str(FIRST_ID)
    assert answer.json["activationTime"] == "2026-01-01 10:00:00"


def test_classic_sells_from_anywhere_without_a_country(classic: Sandbox):
    classic.shop.stock(7, "tg", None, 3_000_000)
    assert call(classic, "getNumberV2", service="tg").json["countryCode"] == "7"


def test_classic_gives_some_services_longer(classic: Sandbox):
    answer = call(classic, "getNumberV2", service="ig", country=6)
    assert answer.json["activationEndTime"] == "2026-01-01 11:00:00"


def test_classic_setting_a_status_that_does_not_fit(classic: Sandbox):
    waiting, received = buy(classic), with_sms(classic)
    assert set_status(classic, waiting, 8) == (200, "EARLY_CANCEL_DENIED")
    assert [set_status(classic, waiting, status) for status in (3, 6, 7)] == [(200, "BAD_STATUS")] * 3
    assert set_status(classic, received, 8) == (200, "BAD_STATUS")
    classic.shop.finish(received)
    assert [set_status(classic, received, status) for status in (1, 3, 6, 8)] == [(200, "BAD_STATUS")] * 4


def test_classic_cancel_again_says_so_again(classic: Sandbox):
    id_ = buy(classic)
    classic.advance(120)
    assert [set_status(classic, id_, 8) for _ in range(2)] == [(200, "ACCESS_CANCEL")] * 2
    assert classic.shop.account.balance == Decimal(10_000)


# Other habits


def test_a_profile_of_ones_own():
    profile = replace(HERO, id_on_wire=str, status_v2=sms_data)
    for sandbox in playing(profile):
        assert call(sandbox, "getNumberV2", **TELEGRAM_INDONESIA).json["activationId"] == str(FIRST_ID)
        assert call(sandbox, "getStatusV2", id=FIRST_ID).json == {"verificationType": "sms", "data": None}
        sandbox.shop.deliver(FIRST_ID, "Your code is 12345")
        assert call(sandbox, "getStatusV2", id=FIRST_ID).json["data"]["code"] == "12345"


def test_any_key_can_be_accepted():
    with Sandbox(key=None) as sandbox:
        assert call(sandbox, "getBalance", key="whatever").status == 200
        assert call(sandbox, "getBalance", key="").status == 422
