"""The judge of chaos and hammer finds what it is there to find."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.upstream.types import HistoryRow, State
from tests.torture.books import Books
from tests.torture.client import Person
from tests.torture.judge import contradictions, losses

ALICE = Person("alice", "u1", "token", 1000)
ORDER = {
    "id": "c1",
    "status": "WAITING",
    "service": "tg",
    "country": "7",
    "phone": "+60123456789",
    "chargedCents": "39",
    "refundedCents": "0",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "expiresAt": "2026-01-01T00:20:00.000Z",
    "smsHistory": [],
}
CODE = [{"body": "Code 1234", "receivedAt": "2026-01-01T00:01:00.000Z"}]
CANCELLED = {"status": "CANCELLED", "refundedCents": "39"}


def entry(verb: str = "buy", path: str = "/orders", **told: Any) -> dict[str, Any]:
    blank = {"at": 1.0, "person": "alice", "key": None, "status": 200, "code": "", "order": "c1"}
    blank |= {"retry_after": None, "request": None}
    return {**blank, "verb": verb, "path": path, "told": ORDER, "digest": "d", **told}


def cancel(**told: Any) -> dict[str, Any]:
    return entry("cancel", "/orders/c1/cancel", told={"id": "c1", "status": "CANCELLED"}, **told)


def books(order: dict[str, Any] | None = None, *, balance: int = 961, tied: str = "c1", **owner: Any) -> Books:
    now = {**ORDER, **(order or {})}
    row = {"id": "c1", "phone": now["phone"], "status": now["status"], "cancel_upstream_at": None, **owner}
    sold = HistoryRow("77", "+60123456789", Decimal("0.3"), State.WAITING)
    return Books({"alice": {"c1": now}}, {"77": row}, {("alice", "k"): tied}, {"alice": (balance, balance)}, [sold])


def test_a_shop_that_stands_by_its_answers_is_left_alone() -> None:
    asked = [entry(key="k"), entry(key="k"), entry("account", "/account", told={}, order=None)]
    assert contradictions(asked, books(), [ALICE]) == []


@pytest.mark.parametrize(
    ("answer", "now", "why"),
    [
        (entry(status=500, code="INTERNAL"), {}, "a fault of ours"),
        (entry(order="c2", told={**ORDER, "id": "c2"}), {}, "the order is gone"),
        (entry(), {"phone": "+60111111111"}, "phone became +60111111111"),
        (entry(), {"chargedCents": "40"}, "chargedCents became 40"),
        (entry(told={**ORDER, **CANCELLED}), {}, "it had ended, and is WAITING with 0 refunded"),
        (entry(told={**ORDER, **CANCELLED, "smsHistory": CODE}), CANCELLED, "a code was shown after the refund"),
        (entry(told={**ORDER, "smsHistory": CODE}), {}, "an SMS is gone; the order is WAITING"),
        (entry(told={**ORDER, "smsHistory": CODE}), CANCELLED, "a code was shown, and the money went back"),
        (cancel(), {}, "the order is WAITING with 0 of 39 refunded"),
        (cancel(code="CODE_RECEIVED", status=400), CANCELLED, "the order is CANCELLED with 39 of 39 refunded"),
        (
            entry(code="UPSTREAM_UNAVAILABLE", status=503, retry_after="5"),
            {},
            "the order is WAITING with 0 of 39 refunded",
        ),
        (entry(code="UNAVAILABLE", status=503), {}, "Retry-After goes with every 503 but OUTCOME_UNKNOWN"),
    ],
)
def test_a_broken_promise_is_found(answer: dict[str, Any], now: dict[str, Any], why: str) -> None:
    found = contradictions([answer], books(now), [])
    assert why in [line.partition(": {")[0] for line in found]


def test_a_key_has_one_answer_and_one_order() -> None:
    found = contradictions([entry(key="k"), entry(key="k", digest="e")], books(tied="c9"), [])
    assert [line.partition(":")[0] for line in found] == [
        "('alice', 'k') was answered differently",
        "('alice', 'k') stands for c9",
    ]


def test_money_that_is_missing_is_found() -> None:
    assert contradictions([entry()], books(balance=960), [ALICE]) == [
        "alice began with 1000, spent 39, and has 960, shown as 960"
    ]


def test_an_order_needs_somebody_who_asked() -> None:
    strange = books(tied="c9")
    assert contradictions([], strange, [ALICE]) == [
        "alice has orders that nobody asked for: ['c1'], with 0 purchases unanswered"
    ]
    assert contradictions([entry(status=0, order=None, told=None)], strange, [ALICE]) == []


def test_a_number_without_an_order_is_found() -> None:
    orphaned = books()
    orphaned.owners.clear()
    assert contradictions([], orphaned, []) == ["number 77 (State.WAITING) belongs to no order"]


def test_a_refunded_orders_number_has_to_go_back() -> None:
    kept = "order c1 is CANCELLED, and nobody gives 77 (State.WAITING) back"
    assert contradictions([], books(CANCELLED), []) == [kept]
    assert contradictions([], books(CANCELLED, cancel_upstream_at="soon"), []) == []


def test_a_number_that_was_paid_after_the_refund_is_a_loss() -> None:
    paid = books(CANCELLED)
    assert losses(paid) == 0
    paid.sold[0] = HistoryRow("77", "+60123456789", Decimal("0.3"), State.FINISHED)
    assert losses(paid) == 1
