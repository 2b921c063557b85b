"""The lists of open and of past numbers."""

from collections.abc import Iterator

import pytest

from catalog.upstream.sandbox import Sandbox, VirtualClock
from catalog.upstream.sandbox.engine.shop import Wish
from tests.upstream.sandbox_caller import FIRST_ID, call


@pytest.fixture(params=["hero", "classic"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(profile=request.param, clock=VirtualClock(), never=1, first_id=FIRST_ID) as sandbox:
        yield sandbox


def sell(sandbox: Sandbox, times: int = 1) -> list[int]:
    return [sandbox.shop.buy(Wish("wa", 7)).id for _ in range(times)]


def listed(sandbox: Sandbox, **params: int) -> list[int]:
    return [int(row["activationId"]) for row in call(sandbox, "getActiveActivations", **params).json["data"]]


def past(sandbox: Sandbox, **params: float) -> list[int]:
    return [int(row["id"]) for row in call(sandbox, "getHistory", **params).json]


def test_an_open_number_is_told_whole(sandbox: Sandbox):
    number = sandbox.shop.buy(Wish("wa", 7))
    answer = call(sandbox, "getActiveActivations").json
    row = answer["data"][0]
    assert row.pop("activationTime").startswith("2026-01-01")
    assert row == {
        "activationId": str(FIRST_ID),
        "serviceCode": "wa",
        "phoneNumber": number.phone,
        "activationCost": float(number.cost),
        "activationStatus": "4",
        "smsCode": None,
        "smsText": None,
        "discount": "0.00",
        "repeated": "0",
        "countryCode": "7",
        "countryName": "Malaysia",
        "canGetAnotherSms": "1",
        "currency": 840,
    }


def test_rows_are_in_both_places_that_clients_look_in(sandbox: Sandbox):
    sell(sandbox, 2)
    answer = call(sandbox, "getActiveActivations").json
    assert answer["status"] == "success"
    assert answer["activeActivations"] == answer["data"]


def test_sms_in_a_row(sandbox: Sandbox):
    (id_,) = sell(sandbox)
    sandbox.shop.deliver(id_, "code 1234")
    row = call(sandbox, "getActiveActivations").json["data"][0]
    text, code = {"hero": ("code 1234", "1234"), "classic": (["code 1234"], ["1234"])}[sandbox.profile.name]
    assert (row["activationStatus"], row["smsText"], row["smsCode"]) == ("2", text, code)


def test_pages_are_a_hundred_at_most_newest_first(sandbox: Sandbox):
    ids = sell(sandbox, 250)[::-1]
    assert listed(sandbox) == ids[:100]
    assert listed(sandbox, limit=1000) == ids[:100]
    assert listed(sandbox, start=200, limit=100) == ids[200:]
    assert listed(sandbox, start=5, limit=3) == ids[5:8]


def test_closed_numbers_leave_the_list(sandbox: Sandbox):
    first, second = sell(sandbox, 2)
    sandbox.shop.withdraw(first)
    assert listed(sandbox) == [second]


def test_nothing_open(sandbox: Sandbox):
    empty = {"affected_rows": 0, "num_rows": 0, "row": [], "rows": []}
    assert (
        call(sandbox, "getActiveActivations").json
        == {
            "hero": {"status": "success", "data": [], "activeActivations": empty},
            "classic": {"status": "error", "error": "NO_ACTIVATIONS"},
        }[sandbox.profile.name]
    )


def test_history_tells_what_became_of_each(sandbox: Sandbox):
    waiting, received, finished, withdrawn, cancelled = sell(sandbox, 5)
    for id_ in (received, finished):
        sandbox.shop.deliver(id_, "code 1234")
    sandbox.shop.finish(finished)
    sandbox.shop.withdraw(withdrawn)
    sandbox.advance(120)
    sandbox.shop.cancel(cancelled)
    rows = {int(row["id"]): (row["status"], row["sms"]) for row in call(sandbox, "getHistory").json}
    assert rows == {
        waiting: ("4", None),
        received: ("2", "code 1234"),
        finished: ("6", "code 1234"),
        withdrawn: ("7", None),
        cancelled: ("8", None),
    }


def test_history_of_a_time(sandbox: Sandbox):
    start = int(sandbox.clock.now())
    early = sell(sandbox)
    sandbox.advance(100)
    late = sell(sandbox)
    assert past(sandbox, start=start, end=start + 50) == early
    assert past(sandbox, start=start + 50, end=start + 200) == late
    assert past(sandbox, start=start, end=start + 200) == late + early


def test_history_goes_back_a_day_and_shows_a_hundred(sandbox: Sandbox):
    sell(sandbox)
    sandbox.advance(90_000)
    ids = sell(sandbox, 120)[::-1]
    assert past(sandbox) == ids[:100]
    assert past(sandbox, offset=100, size=100) == ids[100:]
    assert past(sandbox, size=2) == ids[:2]


def test_only_classic_refuses_history_older_than_thirty_days(sandbox: Sandbox):
    answer = call(sandbox, "getHistory", start=int(sandbox.clock.now()) - 31 * 86_400)
    assert answer.body == {"hero": "[]", "classic": "WRONG_DATE"}[sandbox.profile.name]
