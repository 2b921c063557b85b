from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from catalog.upstream.sandbox import Sandbox, VirtualClock
from tests.upstream.sandbox_caller import FIRST_ID, TELEGRAM_INDONESIA, call, control, fetch


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=VirtualClock(), never=1, first_id=FIRST_ID) as sandbox:
        yield sandbox


def buy(sandbox: Sandbox) -> Any:
    return call(sandbox, "getNumberV2", **TELEGRAM_INDONESIA).json


def status(sandbox: Sandbox) -> str:
    return call(sandbox, "getStatus", id=FIRST_ID).body


def test_clock_moves_on(sandbox: Sandbox):
    buy(sandbox)
    now = sandbox.clock.now()
    assert control(sandbox, "clock", advance=1200).json == {"ok": True, "now": now + 1200}
    assert status(sandbox) == "STATUS_CANCEL"


def test_the_real_clock_cannot_be_moved():
    with Sandbox() as sandbox:
        answer = control(sandbox, "clock", advance=1)
        assert (answer.status, answer.json) == (
            400,
            {"ok": False, "error": "TypeError: the clock is the real one"},
        )


def test_rules(sandbox: Sandbox):
    assert control(sandbox, "rules", grace=0, lifetime=60, drift="1.5", forget_after=None).json == {"ok": True}
    control(sandbox, "offers", country=6, service="tg", cost="0.2")
    assert buy(sandbox)["activationCost"] == 0.3
    assert call(sandbox, "setStatus", id=FIRST_ID, status=8).body == "ACCESS_CANCEL"


def test_account(sandbox: Sandbox):
    assert control(sandbox, "account", balance="17.1540").json == {"ok": True, "balance": "17.154"}
    assert call(sandbox, "getBalance").body == "ACCESS_BALANCE:17.154"
    control(sandbox, "account", key_works=False)
    assert call(sandbox, "getBalance").status == 401


def test_offers(sandbox: Sandbox):
    answer = control(sandbox, "offers", country=6, service="tg", cost=0.35, count=2)
    assert answer.json == {"ok": True, "cost": "0.35", "count": 2}
    pair = call(sandbox, "getPrices", **TELEGRAM_INDONESIA).json["6"]["tg"]
    assert (pair["cost"], pair["count"]) == (0.35, 2)


def test_sms_plan(sandbox: Sandbox):
    control(sandbox, "sms", after=3, texts=["Code 12345"], service="tg")
    buy(sandbox)
    control(sandbox, "clock", advance=3)
    assert status(sandbox) == "STATUS_OK:12345"


def test_deliver(sandbox: Sandbox):
    buy(sandbox)
    answer = control(sandbox, "deliver", id=FIRST_ID, text="Code 12345")
    assert answer.json == {"ok": True, "code": "12345", "text": "Code 12345"}
    assert status(sandbox) == "STATUS_OK:12345"


def test_deliver_makes_a_text_up(sandbox: Sandbox):
    buy(sandbox)
    code = control(sandbox, "deliver", id=FIRST_ID).json["code"]
    assert status(sandbox) == f"STATUS_OK:{code}"


def test_deliver_to_nobody(sandbox: Sandbox):
    answer = control(sandbox, "deliver", id=1, text="Code 12345")
    assert (answer.status, answer.json) == (400, {"ok": False, "error": "NO_ACTIVATION"})


def test_withdraw(sandbox: Sandbox):
    buy(sandbox)
    control(sandbox, "withdraw", id=FIRST_ID)
    assert status(sandbox) == "STATUS_CANCEL"
    assert sandbox.shop.account.balance == Decimal(10_000)


def test_phones(sandbox: Sandbox):
    control(sandbox, "phones", phones=["62811111111"])
    assert buy(sandbox)["phoneNumber"] == "62811111111"


def test_faults_and_their_end(sandbox: Sandbox):
    control(sandbox, "faults", action="getBalance", fault="500", times=None)
    assert call(sandbox, "getBalance").status == 500
    control(sandbox, "faults", clear=True)
    assert call(sandbox, "getBalance").status == 200


def test_log(sandbox: Sandbox):
    buy(sandbox)
    status(sandbox)
    log = fetch(f"{sandbox.origin}/control/log").json
    assert (log["total"], log["counts"]) == (2, {"getNumberV2": 1, "getStatus": 1})
    assert log["calls"][0]["params"] == {"service": "tg", "country": "6"}
    assert [c["action"] for c in fetch(f"{sandbox.origin}/control/log?since=1").json["calls"]] == ["getStatus"]
    assert len(fetch(f"{sandbox.origin}/control/log?action=getNumberV2").json["calls"]) == 1
    control(sandbox, "log", clear=True)
    assert fetch(f"{sandbox.origin}/control/log").json["total"] == 0


def test_state(sandbox: Sandbox):
    bought = buy(sandbox)
    control(sandbox, "deliver", id=FIRST_ID, text="Code 12345")
    state = fetch(f"{sandbox.origin}/control/state").json
    assert (state["profile"], state["pushes"]) == ("hero", [])
    assert [(n["id"], n["phone"], n["phase"], n["sms"]) for n in state["open"]] == [
        (FIRST_ID, bought["phoneNumber"], "received", ["Code 12345"])
    ]


@pytest.mark.parametrize(
    ("knob", "told"),
    [
        ("nothing", {}),
        ("rules", {"speed": 1}),
        ("rules", {"grace": None}),
        ("rules", {"grace": "soon"}),
        ("clock", {"advance": -1}),
        ("clock", {}),
        ("account", {"balance": "much"}),
        ("offers", {"country": 6, "service": "zzzz", "count": 1}),
        ("sms", {"afterwards": 1}),
        ("faults", {"action": "getBalance"}),
        ("faults", {"fault": "explode"}),
        ("push", {"uri": "http://127.0.0.1/"}),
    ],
)
def test_nonsense_is_refused(sandbox: Sandbox, knob: str, told: dict[str, Any]):
    answer = control(sandbox, knob, **told)
    assert (answer.status, answer.json["ok"]) == (400, False)
    assert answer.json["error"]
