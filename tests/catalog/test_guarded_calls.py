"""Calls to a provider that does not answer: what counts as silence, and what customers get meanwhile."""

import time
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from catalog.breaker import FIRST_REST, SEAT_SECONDS
from catalog.budget import ProviderBudget
from catalog.models import Provider
from catalog.services.providers import _adapter, upstream_for
from catalog.upstream.adapter import SmsActivate
from catalog.upstream.errors import AccountTrouble, Unavailable, Unclear, UpstreamError
from catalog.upstream.sandbox import Sandbox
from catalog.upstream.transport import TOTAL_SECONDS, Transport
from catalog.upstream.types import CallClass, Upstream
from jiema import watch
from orders.models import Order, UpstreamAttempt
from orders.services.buying import CALL_WITHIN_SECONDS
from orders.services.reconciling import IN_FLIGHT
from tests.alarms.scene import open_alarms
from tests.alarms.test_raising import at_once
from tests.catalog.conftest import Clock, Watched
from tests.conftest import WISH, Shopper, data, error, stale


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.upstream.adapter.TOTAL_SECONDS", 0.3)


@pytest.fixture
def adapter(guard: Watched, sandbox: Sandbox) -> SmsActivate:
    return SmsActivate("hero", sandbox.url, "sandbox", None, guard)


def ask(adapter: Upstream, times: int = 1) -> list[str]:
    """The token of each answer to the question for our balance; "" where there was one."""
    tokens = []
    for _ in range(times):
        try:
            adapter.balance()
        except UpstreamError as problem:
            tokens.append(problem.token)
        else:
            tokens.append("")
    return tokens


SILENCES = {"close": "REMOTEDISCONNECTED", "reset": "CONNECTIONRESETERROR", "html": "HTML"}
SILENCES |= {"cut": "INCOMPLETEREAD", "empty": "EMPTY", "502": "HTML", "error_sql": "ERROR_SQL"}


@pytest.mark.parametrize("fault", SILENCES)
def test_three_silences_hold_all_calls_back(adapter: SmsActivate, guard: Watched, sandbox: Sandbox, fault: str) -> None:
    sandbox.fail("*", fault, times=None)
    assert ask(adapter, 5) == [SILENCES[fault]] * 3 + ["HELD_BACK"] * 2
    assert (sandbox.log.counts(), guard.told) == ({"getBalance": 3}, [True])


@pytest.mark.usefixtures("_impatient")
def test_three_timeouts_do(adapter: SmsActivate, sandbox: Sandbox) -> None:
    sandbox.fail("*", "timeout", times=None)
    assert ask(adapter, 4) == ["TIMEOUT"] * 3 + ["HELD_BACK"]


def test_a_host_that_is_not_there_holds_back_too(guard: Watched) -> None:
    nobody = SmsActivate("hero", "http://127.0.0.1:1", "sandbox", None, guard)
    assert ask(nobody, 4) == ["NO_CONNECTION_CONNECTIONREFUSEDERROR"] * 3 + ["HELD_BACK"]


@pytest.mark.parametrize("word", ["NO_NUMBERS", "BAD_KEY", "NO_ACTIVATION", "BAD_STATUS", "BAD_ACTION"])
def test_a_refusal_is_an_answer(adapter: SmsActivate, guard: Watched, sandbox: Sandbox, word: str) -> None:
    guard.fail(2)
    sandbox.fail("getBalance", "refuse", word=word)
    ask(adapter)
    guard.fail(2)
    assert guard.told == []


def test_being_told_to_slow_down_is_an_answer(adapter: SmsActivate, guard: Watched, sandbox: Sandbox) -> None:
    sandbox.fail("getBalance", "429", times=4)
    assert ask(adapter, 4) == ["RATE_LIMIT"] * 4
    assert guard.told == []


@pytest.mark.parametrize(("word", "troubles"), [("NO_BALANCE", ["NO_BALANCE"]), ("BAD_KEY", ["BAD_KEY"])])
def test_trouble_of_our_account_is_told(
    adapter: SmsActivate, guard: Watched, sandbox: Sandbox, word: str, troubles: list[str]
) -> None:
    sandbox.fail("getBalance", "refuse", word=word)
    with pytest.raises(AccountTrouble):
        adapter.balance()
    assert (guard.troubles, guard.told) == (troubles, [])


def test_no_budget_of_ours_says_nothing_about_the_provider(guard: Watched, sandbox: Sandbox) -> None:
    spent: Any = SimpleNamespace(take=lambda call, wait: False, pause=lambda seconds: None)
    adapter = SmsActivate("hero", sandbox.url, "sandbox", spent, guard)
    guard.fail(2)
    assert ask(adapter, 3) == ["NO_BUDGET"] * 3
    guard.fail()
    assert guard.told == [True]


def test_a_hurried_call_that_times_out_does_not_count(adapter: SmsActivate, guard: Watched, sandbox: Sandbox) -> None:
    sandbox.fail("*", "timeout", times=None)
    for _ in range(4):
        with pytest.raises(Unclear):
            adapter.status("700000001", timeout=0.05)
    assert guard.told == []


def test_a_hurried_call_that_gets_nonsense_does(adapter: SmsActivate, guard: Watched, sandbox: Sandbox) -> None:
    sandbox.fail("*", "html", times=None)
    for _ in range(3):
        with pytest.raises(Unclear):
            adapter.status("700000001", timeout=5)
    assert guard.told == [True]


def test_without_a_seat_nothing_is_asked(sandbox: Sandbox) -> None:
    guard = Watched(seats=1)
    adapter = SmsActivate("hero", sandbox.url, "sandbox", None, guard)
    with guard.seat(CallClass.POLL):
        assert ask(adapter) == ["NO_SEAT"]
    assert (sandbox.log.counts(), ask(adapter)) == ({}, [""])


# A purchase is never the trial


def buy(adapter: SmsActivate) -> str:
    try:
        return adapter.buy("tg", 7, Decimal("0.30")).activation_id
    except Unavailable as refusal:
        return refusal.token


def test_a_purchase_during_the_rest_is_refused(adapter: SmsActivate, guard: Watched, sandbox: Sandbox) -> None:
    guard.fail(3)
    assert (buy(adapter), sandbox.log.counts()) == ("HELD_BACK", {})


def test_the_first_purchase_after_the_rest_asks_for_the_balance_first(
    adapter: SmsActivate, guard: Watched, sandbox: Sandbox, clock: Clock
) -> None:
    guard.fail(3)
    clock.now += FIRST_REST
    assert (buy(adapter), buy(adapter)) == ("700000001", "700000002")
    assert (sandbox.log.counts(), guard.told) == ({"getBalance": 1, "getNumberV2": 2}, [True, False])


@pytest.mark.usefixtures("_impatient")
def test_where_the_balance_does_not_come_nothing_is_bought(
    adapter: SmsActivate, guard: Watched, sandbox: Sandbox, clock: Clock
) -> None:
    guard.fail(3)
    clock.now += FIRST_REST
    sandbox.fail("getBalance", "timeout")
    assert buy(adapter) == "STILL_TIMEOUT"
    assert buy(adapter).endswith("HELD_BACK")
    assert sandbox.log.counts() == {"getBalance": 1}
    assert guard.rest(clock) >= FIRST_REST


def test_a_purchase_beside_anothers_trial_is_refused(
    adapter: SmsActivate, guard: Watched, sandbox: Sandbox, clock: Clock
) -> None:
    guard.fail(3)
    clock.now += FIRST_REST
    assert not guard.holds_back()
    assert (buy(adapter), sandbox.log.counts()) == ("STILL_HELD_BACK", {})


def test_a_rest_that_ends_while_a_purchase_looks_makes_it_no_trial(
    adapter: SmsActivate, guard: Watched, sandbox: Sandbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard.fail(3)
    moments = iter([clock.now + 9.9999, *[clock.now + 10.0] * 9])
    monkeypatch.setattr(clock, "monotonic", lambda: next(moments))
    buy(adapter)
    assert [call for call in sandbox.log.counts() if call == "getNumberV2"] == []


# Through the API


@pytest.mark.parametrize("is_on_trial", [False, True])
def test_all_that_a_purchase_may_take_ends_before_the_sweep_takes_it_for_over(
    shopper: Shopper, provider: Provider, clock: Clock, monkeypatch: pytest.MonkeyPatch, is_on_trial: bool
) -> None:
    """From the reservation: the most before the call, for a seat, for the budget, and for each reply."""
    most, waits = [CALL_WITHIN_SECONDS, SEAT_SECONDS], [0.0]
    get = Transport.get

    def noted_get(self: Transport, params: Any, *, total: float, fresh: bool) -> Any:
        if UpstreamAttempt.objects.exists():
            most.append(total if total < TOTAL_SECONDS else waits[-1] + total)  # a hurried call waits within its time
        return get(self, params, total=total, fresh=fresh)

    def noted_take(self: ProviderBudget, call: CallClass, wait: float) -> bool:
        waits.append(wait)
        return True

    monkeypatch.setattr(Transport, "get", noted_get)
    monkeypatch.setattr(ProviderBudget, "take", noted_take)
    if is_on_trial:
        shopper.sandbox.fail("getBalance", "html", times=3)
        assert ask(upstream_for(provider), 3) == ["HTML"] * 3
        clock.now += FIRST_REST
    shopper.buy()
    assert sum(most) < IN_FLIGHT.total_seconds()


@pytest.fixture
def hanging(shopper: Shopper, clock: Clock) -> Shopper:
    """A shop whose provider has not answered three purchases."""
    shopper.order(shopper.buy()["id"])
    shopper.sandbox.fail("*", "timeout", times=None)
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr("catalog.upstream.adapter.TOTAL_SECONDS", 0.3)
        refused = [error(shopper.api.post("/orders", WISH)) for _ in range(3)]
    assert refused == [(503, "OUTCOME_UNKNOWN")] * 3
    shopper.sandbox.log.clear()
    return shopper


def test_while_it_hangs_a_purchase_is_refused_at_once_and_refunded(hanging: Shopper) -> None:
    before = hanging.balance()
    reply = hanging.api.post("/orders", WISH)
    assert error(reply) == (503, "UPSTREAM_UNAVAILABLE")
    assert 1 <= int(reply["Retry-After"]) <= 10
    assert Order.objects.get(pk=reply.json()["orderId"]).status == "FAILED"
    assert (hanging.balance(), hanging.sandbox.log.counts()) == (before, {})


def test_while_it_hangs_reads_answer_at_once(hanging: Shopper) -> None:
    order_id = Order.objects.exclude(activation_id=None).get().pk
    began = time.monotonic()
    for _ in range(5):
        stale(order_id)
        assert data(hanging.api.get(f"/orders/{order_id}"))["status"] == "WAITING"
        assert len(data(hanging.api.get("/orders"))["items"]) == 4
    assert time.monotonic() - began < 2
    assert hanging.sandbox.log.counts() == {}


def test_while_it_hangs_a_cancel_refunds_at_once_and_gives_back_later(hanging: Shopper) -> None:
    order_id, before = Order.objects.exclude(activation_id=None).get().pk, hanging.balance()
    data(hanging.api.post(f"/orders/{order_id}/cancel"))
    assert hanging.balance() == before + 39
    assert Order.objects.get(pk=order_id).cancel_upstream_at is not None
    assert hanging.sandbox.log.counts() == {}


def test_after_it_recovers_sales_go_on(hanging: Shopper, clock: Clock) -> None:
    hanging.sandbox.faults.clear()
    assert error(hanging.api.post("/orders", WISH)) == (503, "UPSTREAM_UNAVAILABLE")
    clock.now += FIRST_REST
    assert [hanging.buy()["status"], hanging.buy()["status"]] == ["WAITING", "WAITING"]
    assert hanging.sandbox.log.counts() == {"getBalance": 1, "getNumberV2": 2}


def test_its_alarm_ends_with_it(hanging: Shopper, clock: Clock) -> None:
    assert open_alarms("provider_down") == [("sandbox", 1)]
    hanging.sandbox.faults.clear()
    clock.now += FIRST_REST
    hanging.buy()
    assert open_alarms("provider_down") == []


def test_its_alarm_ends_though_the_process_that_raised_it_is_gone(hanging: Shopper) -> None:
    _adapter.cache_clear()
    hanging.sandbox.faults.clear()
    hanging.buy()
    watch.read_balances()
    watch.look_around()
    assert open_alarms("provider_down") == []


@pytest.mark.django_db(transaction=True)
def test_threads_beyond_the_seats_are_refused_and_reads_go_on(
    shopper: Shopper, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six buyers at a slow provider: three wait for it, and a poll does not."""
    _adapter.cache_clear()
    order_id = shopper.buy()["id"]
    shopper.sandbox.fail("getNumberV2", "slow", times=None, seconds=2)
    codes: list[str] = []

    def purchase() -> None:
        codes.append(shopper.api.post("/orders", WISH).json().get("code", "BOUGHT"))

    def read() -> None:
        time.sleep(0.3)
        began = time.monotonic()
        stale(order_id)
        codes.append(data(shopper.api.get(f"/orders/{order_id}"))["status"])
        assert time.monotonic() - began < 1.5

    assert at_once(*[purchase] * 6, read) == []
    assert sorted(codes) == ["BOUGHT"] * 3 + ["UPSTREAM_UNAVAILABLE"] * 3 + ["WAITING"]
    assert upstream_for(provider).balance() > 0
