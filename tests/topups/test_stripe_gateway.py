"""Stripe's official SDK, as the gateway uses it, against the card sandbox over HTTP."""

import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import stripe

from accounts.topups.gateways import stripe_client
from accounts.topups.gateways.base import (
    BadSignature,
    Dispute,
    GatewayError,
    Notice,
    Paid,
    Reading,
    Refunded,
    RefundStage,
    Refused,
    Stage,
    Unreachable,
)
from accounts.topups.gateways.sandbox import SandboxGateway
from accounts.topups.gateways.stripe import StripeGateway, session_params
from accounts.topups.gateways.stripe_amounts import from_minor, to_minor
from accounts.topups.sandbox.cards import CardSandbox
from tests.topups.cards import BACK, SECRET, event, gateway_at, refunding, wish
from tests.torture import figures


@pytest.fixture
def cards() -> Iterator[CardSandbox]:
    with CardSandbox(secret=SECRET) as running:
        yield running


@pytest.fixture
def gateway(cards: CardSandbox) -> StripeGateway:
    return gateway_at(cards)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_client, "TRY_SECONDS", 0.3)
    monkeypatch.setattr(stripe_client, "CALL_SECONDS", 0.8)
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)


# Starting


def test_a_wish_becomes_a_session(cards: CardSandbox, gateway: StripeGateway) -> None:
    made = wish()
    started = gateway.start(made)
    session = cards.thing(started.ref)
    assert started.url == f"{cards.url}/pay/{started.ref}"
    assert (session["amount_total"], session["currency"]) == (2550, "usd")
    assert (session["client_reference_id"], session["metadata"]) == ("t1", {"top_up_id": "t1"})
    assert (session["success_url"], session["cancel_url"]) == (BACK, BACK)
    assert session["expires_at"] == int(made.expires_at.timestamp())
    assert session["customer_email"] == "alice@example.com"
    assert cards.thing(cards.pay(started.ref))["metadata"] == {"top_up_id": "t1"}


def test_the_same_wish_twice_is_one_session(cards: CardSandbox, gateway: StripeGateway) -> None:
    made = wish(expires_at=datetime.now(UTC) + timedelta(minutes=10))
    assert gateway.start(made) == gateway.start(made)
    assert [asked.headers["idempotency-key"] for asked in cards.calls] == ["t1", "t1"]
    assert len(cards.till.all("checkout.session")) == 1


def test_the_same_name_for_another_wish_is_refused(gateway: StripeGateway) -> None:
    gateway.start(wish())
    with pytest.raises(Refused, match="idempotent"):
        gateway.start(wish(amount="26"))


@pytest.mark.parametrize(
    ("minutes", "seconds"), [(-60, 1800), (5, 1800), (30, 1800), (31, 1860), (600, 36_000), (3000, 85_500)]
)
def test_the_end_is_one_that_stripe_takes(minutes: int, seconds: int) -> None:
    """In a call at a full quarter of an hour; seconds: the least, up to a quarter of an hour."""
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    end = session_params(wish(expires_at=now + timedelta(minutes=minutes)), now.timestamp())["expires_at"]
    assert seconds <= end - now.timestamp() <= min(seconds + 900, 86_340)


def test_no_wish_without_a_key() -> None:
    with pytest.raises(Refused, match="no secret key"):
        StripeGateway("", [SECRET]).start(wish())


# Amounts


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("25.50", "USD", 2550),
        ("0.01", "MYR", 1),
        ("500", "JPY", 500),
        ("500.00", "KRW", 500),
        ("5.12", "KWD", 5120),
        ("5", "ISK", 500),
        ("1E+3", "EUR", 100_000),
    ],
)
def test_amounts_in_minor_units(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor
    assert from_minor(minor, currency) == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("25.505", "USD"), ("0.5", "JPY"), ("5.124", "KWD"), ("5.50", "ISK"), ("5", "UGX"), ("0", "USD"), ("-1", "USD"),
     ("5", "usd"), ("5", "USDT"), ("5", ""), ("NaN", "USD"), ("Infinity", "USD")],
)  # fmt: skip
def test_amounts_that_a_currency_does_not_have(amount: str, currency: str) -> None:
    with pytest.raises(Refused):
        to_minor(Decimal(amount), currency)


def test_every_minor_amount_survives_the_way_there_and_back() -> None:
    for currency, step in (("USD", 1), ("JPY", 1), ("KWD", 10), ("ISK", 100)):
        for minor in range(step, 2000 * step, step):
            assert to_minor(from_minor(minor, currency), currency) == minor


def test_a_yen_is_captured_as_a_yen(cards: CardSandbox, gateway: StripeGateway) -> None:
    payment = cards.pay(gateway.start(wish(amount="500", currency="JPY")).ref)
    paid = gateway.read_payment(payment)
    assert paid is not None
    assert (paid.amount, paid.currency) == (Decimal(500), "JPY")


# Reading


def stage(gateway: StripeGateway, ref: str) -> tuple[Stage, int, str]:
    reading = gateway.read(ref)
    return reading.stage, len(reading.paid), reading.why


def paid(reading: Reading) -> Paid:
    (only,) = reading.paid
    return only


def test_open_until_paid(cards: CardSandbox, gateway: StripeGateway) -> None:
    ref = gateway.start(wish()).ref
    assert gateway.read(ref) == Reading(Stage.OPEN)
    payment = cards.pay(ref)
    found = paid(gateway.read(ref))
    assert (found.ref, found.amount, found.currency, found.top_up_id) == (payment, Decimal("25.50"), "USD", "t1")
    assert abs(datetime.now(UTC) - found.at) < timedelta(seconds=5)
    assert (found.dispute, found.disputed, found.refunds) == (Dispute.NONE, 0, ())
    assert gateway.read_payment(payment) == found


def test_a_declined_card_leaves_it_open(cards: CardSandbox, gateway: StripeGateway) -> None:
    ref = gateway.start(wish()).ref
    payment = cards.decline(ref)
    assert stage(gateway, ref) == (Stage.OPEN, 0, "Your card was declined.")
    assert gateway.read_payment(payment) is None
    assert cards.pay(ref) == payment
    assert stage(gateway, ref)[1:] == (1, "")


@pytest.mark.parametrize(("ok", "after"), [(True, (1, "")), (False, (0, "The payment failed."))])
def test_a_bank_takes_its_time(cards: CardSandbox, gateway: StripeGateway, ok: bool, after: tuple[int, str]) -> None:
    ref = gateway.start(wish()).ref
    cards.pay_async(ref)
    assert gateway.read(ref) == Reading(Stage.PENDING)
    cards.settle_async(ref, ok)
    assert stage(gateway, ref) == (Stage.PENDING if ok else Stage.FAILED, *after)


def test_expired(cards: CardSandbox, gateway: StripeGateway) -> None:
    ref = gateway.start(wish()).ref
    cards.expire(ref)
    assert gateway.read(ref) == Reading(Stage.EXPIRED)


def test_expired_and_paid_all_the_same(cards: CardSandbox, gateway: StripeGateway) -> None:
    ref = gateway.start(wish()).ref
    payment = cards.pay_late(ref)
    reading = gateway.read(ref)
    assert (reading.stage, paid(reading).ref) == (Stage.EXPIRED, payment)


def test_a_second_payment_is_read_by_itself(cards: CardSandbox, gateway: StripeGateway) -> None:
    ref = gateway.start(wish()).ref
    first, second = cards.pay_twice(ref)
    assert paid(gateway.read(ref)).ref == first
    found = gateway.read_payment(second)
    assert found is not None
    assert (found.top_up_id, found.amount) == ("t1", Decimal("25.50"))


def test_what_was_captured_counts(cards: CardSandbox, gateway: StripeGateway) -> None:
    ref = gateway.start(wish()).ref
    cards.pay(ref, amount=2000, currency="eur")
    found = paid(gateway.read(ref))
    assert (found.amount, found.currency) == (Decimal(20), "EUR")


@pytest.mark.parametrize(
    ("status", "after"),
    [
        ("needs_response", Dispute.OPEN),
        ("under_review", Dispute.OPEN),
        ("won", Dispute.WON),
        ("lost", Dispute.LOST),
        ("appeal_under_review", Dispute.LOST),
        ("prevented", Dispute.LOST),
        ("a_new_word", Dispute.OPEN),
    ],
)
def test_disputes(cards: CardSandbox, gateway: StripeGateway, status: str, after: Dispute) -> None:
    payment = cards.pay(gateway.start(wish()).ref)
    cards.dispute(payment)
    cards.change_dispute(payment, status)
    found = gateway.read_payment(payment)
    assert found is not None
    assert (found.dispute, found.disputed) == (after, Decimal("25.50"))


@pytest.mark.parametrize(
    ("status", "after"),
    [("warning_needs_response", Dispute.OPEN), ("warning_closed", Dispute.WON), ("prevented", Dispute.WON)],
)
def test_inquiries(cards: CardSandbox, gateway: StripeGateway, status: str, after: Dispute) -> None:
    payment = cards.pay(gateway.start(wish()).ref)
    cards.dispute(payment, status="warning_needs_response", amount=1000)
    cards.change_dispute(payment, status)
    found = gateway.read_payment(payment)
    assert found is not None
    assert (found.dispute, found.disputed) == (after, Decimal(10))


def test_of_several_disputes_the_lost_ones_count(cards: CardSandbox, gateway: StripeGateway) -> None:
    payment = cards.pay(gateway.start(wish()).ref)
    for amount, status in ((500, "lost"), (700, "won"), (300, "lost"), (200, "under_review")):
        cards.dispute(payment, amount=amount)
        cards.change_dispute(payment, status)
    found = gateway.read_payment(payment)
    assert found is not None
    assert (found.dispute, found.disputed) == (Dispute.LOST, Decimal(8))


@pytest.mark.parametrize("ref", ["", "cs", "cs_test_1/expire", "../v1/events", "cs_test_ü", "x" * 300, "cs_test_none"])
def test_strange_names_are_refused(gateway: StripeGateway, ref: str) -> None:
    with pytest.raises(Refused):
        gateway.read(ref)
    with pytest.raises(Refused):
        gateway.read_payment(ref)


# Refunding


def test_a_refund(cards: CardSandbox, gateway: StripeGateway) -> None:
    payment = cards.pay(gateway.start(wish()).ref)
    done = gateway.refund(refunding(payment, "5.50"))
    assert done == Refunded(done.ref, "r1", Decimal("5.50"), RefundStage.DONE)
    assert cards.calls[-1].headers["idempotency-key"] == "r1"
    found = gateway.read_payment(payment)
    assert found is not None
    assert found.refunds == (done,)


def test_the_same_refund_twice_is_one(cards: CardSandbox, gateway: StripeGateway) -> None:
    payment = cards.pay(gateway.start(wish()).ref)
    first = gateway.refund(refunding(payment, "5"))
    cards.forget_keys()  # as Stripe does after a day
    assert gateway.refund(refunding(payment, "5")) == first
    assert len(cards.till.all("refund")) == 1


@pytest.mark.parametrize(("ok", "after", "why"), [(True, RefundStage.DONE, ""), (False, RefundStage.FAILED, "lost_or")])
def test_a_refund_that_takes_its_time(
    cards: CardSandbox, gateway: StripeGateway, ok: bool, after: RefundStage, why: str
) -> None:
    cards.hold_refunds()
    payment = cards.pay(gateway.start(wish()).ref)
    begun = gateway.refund(refunding(payment))
    assert begun.stage == RefundStage.PENDING
    cards.settle_refund(begun.ref, ok)
    found = gateway.read_payment(payment)
    assert found is not None
    assert (found.refunds[0].stage, found.refunds[0].why[:7]) == (after, why)


def test_a_refund_by_hand_has_no_name_of_ours(cards: CardSandbox, gateway: StripeGateway) -> None:
    payment = cards.pay(gateway.start(wish()).ref)
    ref = cards.refund_by_hand(payment, 250)
    found = gateway.read_payment(payment)
    assert found is not None
    assert found.refunds == (Refunded(ref, "", Decimal("2.50"), RefundStage.DONE),)


def test_more_than_was_paid_is_refused(cards: CardSandbox, gateway: StripeGateway) -> None:
    payment = cards.pay(gateway.start(wish()).ref)
    with pytest.raises(Refused, match="Refund amount"):
        gateway.refund(refunding(payment, "25.51"))
    assert cards.till.all("refund") == []


# Listing


def test_lists_all_payments_page_by_page(
    cards: CardSandbox, gateway: StripeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.topups.gateways.stripe.PAGE", 3)
    payments = [cards.pay(gateway.start(wish(f"t{number}")).ref) for number in range(7)]
    cards.decline(gateway.start(wish("declined")).ref)
    others = cards.pay_elsewhere(1200, "eur")
    for payment in payments[:5]:
        gateway.refund(refunding(payment, "1", refund_id=f"r{payment}"))
    cards.dispute(payments[0])
    found = {each.ref: each for each in gateway.paid_since(datetime.now(UTC) - timedelta(hours=1))}
    assert found == {payment: gateway.read_payment(payment) for payment in [*payments, others]}
    assert (found[others].top_up_id, found[others].currency) == ("", "EUR")
    assert (found[payments[0]].dispute, len(found[payments[4]].refunds)) == (Dispute.OPEN, 1)


def test_lists_nothing_from_before() -> None:
    clock = [time.time() - 7200]
    with CardSandbox(secret=SECRET, clock=lambda: clock[0]) as cards:
        cards.pay_elsewhere(1200, "eur")
        clock[0] = time.time()
        newer = cards.pay_elsewhere(1300, "eur")
        since = datetime.now(UTC) - timedelta(hours=1)
        assert [each.ref for each in gateway_at(cards).paid_since(since)] == [newer]


# Failures of the third party

NO_ANSWER = ("timeout", "close", "reset", "cut", "drip", "html", "500", "502", "503", "429", "409")
CALLS: list[Callable[[StripeGateway], Any]] = [
    lambda gateway: gateway.start(wish()),
    lambda gateway: gateway.read("cs_test_1"),
    lambda gateway: gateway.read_payment("pi_1"),
    lambda gateway: gateway.refund(refunding("pi_1")),
    lambda gateway: list(gateway.paid_since(datetime.now(UTC))),
]


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("kind", NO_ANSWER)
def test_no_clear_answer(cards: CardSandbox, gateway: StripeGateway, kind: str) -> None:
    made = wish()
    cards.fail("*", kind, times=2)
    with pytest.raises(Unreachable) as caught:
        gateway.start(made)
    assert "sk_test" not in caught.value.why
    cards.faults.clear()
    assert [gateway.start(made).ref] == [one["id"] for one in cards.till.all("checkout.session")]


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("call", CALLS)
def test_every_call_says_when_nobody_answers(cards: CardSandbox, gateway: StripeGateway, call: Any) -> None:
    for kind in ("close", "500", "html"):
        cards.fail("*", kind, times=2)
        with pytest.raises(Unreachable):
            call(gateway)
        cards.faults.clear()


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("kind", ["close", "reset", "cut", "500"])
def test_one_failure_is_made_good_by_the_same_key(cards: CardSandbox, gateway: StripeGateway, kind: str) -> None:
    payment = cards.pay(gateway.start(wish()).ref)
    cards.fail("POST refunds", kind, after=True)
    assert gateway.refund(refunding(payment, "5")).stage == RefundStage.DONE
    assert [one["amount"] for one in cards.till.all("refund")] == [500]
    asked = [each.headers["idempotency-key"] for each in cards.calls if each.call == "POST refunds"]
    assert asked == ["r1", "r1"]


BODIES = [
    "", "null", "[]", "7", '"text"', "{", "{}", '{"id": 7}', '{"id": "x", "status": 7}', '{"error": []}', '{"data": 1}',
    '{"object": "list", "data": [1], "has_more": false}', '{"object": "list", "data": [{}], "has_more": true}',
    '{"object": "payment_intent", "id": "pi_1", "status": "succeeded", "amount_received": "2550", "currency": "usd"}',
    '{"object": "checkout.session", "id": ["cs_1"], "status": "open", "payment_intent": "pi_1", "url": 7}',
    '{"object": "checkout.session", "id": "cs_1", "status": "closed", "payment_intent": null, "url": {}}',
]  # fmt: skip


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("status", [200, 400, 418, 500])
@pytest.mark.parametrize("call", CALLS)
def test_senseless_answers_are_no_answers(cards: CardSandbox, gateway: StripeGateway, call: Any, status: int) -> None:
    for body in BODIES:
        cards.fail("*", "reply", times=None, status=status, body=body)
        assert outcome(call, gateway) in ("Unreachable", "[]"), body
        cards.faults.clear()


def outcome(call: Callable[[StripeGateway], Any], gateway: StripeGateway) -> str:
    try:
        return repr(call(gateway))
    except GatewayError as error:
        return type(error).__name__


@pytest.mark.parametrize(("kind", "why"), [("401", "does not know our key"), ("403", "Forbidden")])
def test_clear_noes(cards: CardSandbox, gateway: StripeGateway, kind: str, why: str) -> None:
    cards.fail("*", kind)
    with pytest.raises(Refused, match=why):
        gateway.start(wish())


def test_a_wrong_key_is_not_told(cards: CardSandbox) -> None:
    with pytest.raises(Refused) as caught:
        StripeGateway("sk_live_very_secret", [SECRET], cards.url).start(wish())
    assert caught.value.why == "Stripe does not know our key"


def test_nobody_listens(gateway: StripeGateway, cards: CardSandbox) -> None:
    cards.stop()
    with pytest.raises(Unreachable, match="ConnectionError"):
        gateway.read("cs_test_1")


def test_a_redirect_is_not_followed(cards: CardSandbox, gateway: StripeGateway) -> None:
    cards.fail("*", "reply", times=2, status=302, body="{}")
    with pytest.raises(Unreachable):
        gateway.read("cs_test_1")


def test_a_call_takes_less_than_ten_seconds() -> None:
    assert stripe_client.CALL_SECONDS <= 8
    assert stripe_client.CONNECT_SECONDS <= stripe_client.TRY_SECONDS <= stripe_client.CALL_SECONDS / 2


# Notices


def test_every_event_names_what_to_read(cards: CardSandbox, gateway: StripeGateway) -> None:
    cards.hold_refunds()
    refs = [gateway.start(wish(f"t{number}")).ref for number in range(5)]
    payment = cards.pay(refs[0])
    cards.settle_refund(cards.refund_by_hand(payment, 100), ok=False)
    cards.dispute(payment)
    cards.change_dispute(payment, "under_review")
    cards.close_dispute(payment, won=True)
    failed = cards.pay_async(refs[1])
    cards.settle_async(refs[1], ok=False)
    arrived = cards.pay_async(refs[2])
    cards.settle_async(refs[2], ok=True)
    cards.expire(refs[3])
    late = cards.pay_late(refs[4])
    told = {(each.kind, each.ref, each.payment_ref) for each in map(noticed(cards, gateway), cards.events)}
    assert {each for each in told if each[1] or each[2]} == {
        ("checkout.session.completed", refs[0], payment),
        ("checkout.session.completed", refs[1], failed),
        ("checkout.session.completed", refs[2], arrived),
        ("checkout.session.async_payment_failed", refs[1], failed),
        ("checkout.session.async_payment_succeeded", refs[2], arrived),
        ("checkout.session.expired", refs[3], ""),
        ("checkout.session.expired", refs[4], late),
        ("payment_intent.succeeded", "", payment),
        ("payment_intent.succeeded", "", arrived),
        ("payment_intent.succeeded", "", late),
        ("refund.created", "", payment),
        ("refund.updated", "", payment),
        ("refund.failed", "", payment),
        ("charge.refunded", "", payment),
        ("charge.dispute.created", "", payment),
        ("charge.dispute.updated", "", payment),
        ("charge.dispute.closed", "", payment),
        ("charge.dispute.funds_withdrawn", "", payment),
        ("charge.dispute.funds_reinstated", "", payment),
    }
    assert {kind for kind, ref, payment_ref in told if not ref and not payment_ref} == {
        "payment_intent.created", "charge.succeeded", "payment_intent.processing", "payment_intent.payment_failed"
    }  # fmt: skip


def noticed(cards: CardSandbox, gateway: StripeGateway) -> Callable[[Any], Notice]:
    return lambda told: gateway.notice(*cards.signed(told))


@pytest.fixture
def paid_event(cards: CardSandbox, gateway: StripeGateway) -> dict[str, Any]:
    cards.pay(gateway.start(wish()).ref)
    return event(cards, "checkout.session.completed")


def is_refused(gateway: StripeGateway, body: bytes, headers: dict[str, str]) -> bool:
    try:
        gateway.notice(body, headers)
    except BadSignature:
        return True
    return False


def test_no_forged_altered_or_stale_event_is_taken(
    cards: CardSandbox, gateway: StripeGateway, paid_event: dict[str, Any]
) -> None:
    chance = random.Random(1)
    body, headers = cards.signed(paid_event)
    assert gateway.notice(body, headers).event_id == paid_event["id"]
    attacks = [
        *(altered(body, headers, chance) for _ in range(1000)),
        *(cards.signed(paid_event, at=time.time() - age) for age in range(301, 801)),
        *(cards.signed(paid_event, secret=f"whsec_{chance.random()}") for _ in range(200)),
    ]
    assert len(attacks) == 1700
    taken = [attack for attack in attacks if not is_refused(gateway, *attack)]
    figures.record(forged_signatures=len(attacks), forged_signatures_taken=len(taken))
    assert taken == []


def altered(body: bytes, headers: dict[str, str], chance: random.Random) -> tuple[bytes, dict[str, str]]:
    signature, place = headers["stripe-signature"], chance.randrange(len(body))
    match chance.randrange(6):
        case 0:
            flipped = bytes([body[place] ^ 1 << chance.randrange(8)])
            return body[:place] + flipped + body[place + 1 :], headers
        case 1:
            return body[:place], headers
        case 2:
            return body[:place] + b" " + body[place:], headers
        case 3:
            at = chance.randrange(len(signature))
            other = chance.choice([chr(code) for code in range(32, 127) if chr(code) != signature[at]])
            return body, {"stripe-signature": signature[:at] + other + signature[at + 1 :]}
        case 4:
            return body, {"stripe-signature": signature[: chance.randrange(len(signature))]}
        case _:
            later = int(time.time()) + chance.choice([-1, 1]) * chance.randrange(5, 10_000)
            return body, {"stripe-signature": f"t={later},{signature.partition(',')[2]}"}


@pytest.mark.parametrize(
    "header",
    ["", "t=1", "v1=abc", "t=,v1=", "t=x,v1=y", ",,,", "=", "t=1,v1=ü", "t=1,v1=" + "a" * 9000, "\x00", "t=1" * 500],
)
def test_senseless_headers(gateway: StripeGateway, header: str) -> None:
    assert is_refused(gateway, b"{}", {"stripe-signature": header})
    assert is_refused(gateway, b"{}", {})


def test_another_scheme_is_no_signature(cards: CardSandbox, gateway: StripeGateway, paid_event: dict[str, Any]) -> None:
    body, headers = cards.signed(paid_event)
    assert is_refused(gateway, body, {"stripe-signature": headers["stripe-signature"].replace("v1=", "v0=")})


def test_secrets_are_changed_without_a_gap(cards: CardSandbox, paid_event: dict[str, Any]) -> None:
    old, both, new = (
        StripeGateway("sk_test_1", secrets)
        for secrets in (["whsec_old"], ["whsec_old", "whsec_new"], ["", "whsec_new", " "])
    )
    by_old, by_new = (cards.signed(paid_event, secret=secret) for secret in ("whsec_old", "whsec_new"))
    by_both = cards.signed(paid_event, secret=["whsec_new", "whsec_old"])
    taken = [[not is_refused(one, *signed) for signed in (by_old, by_both, by_new)] for one in (old, both, new)]
    assert taken == [[True, True, False], [True, True, True], [False, True, True]]


@pytest.mark.parametrize("secrets", [[], [""], [" "]])
def test_without_a_secret_nothing_is_taken(cards: CardSandbox, paid_event: dict[str, Any], secrets: list[str]) -> None:
    assert is_refused(StripeGateway("sk_test_1", secrets), *cards.signed(paid_event, secret=secrets))


def test_tolerance_is_a_setting(cards: CardSandbox, paid_event: dict[str, Any]) -> None:
    stale = cards.signed(paid_event, at=time.time() - 20)
    assert not is_refused(StripeGateway("sk", [SECRET], tolerance_seconds=60), *stale)
    assert is_refused(StripeGateway("sk", [SECRET], tolerance_seconds=10), *stale)
    assert is_refused(StripeGateway("sk", [SECRET], tolerance_seconds=0), *stale)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"7", b"[]", b'"x"', b"{}", b"\xff\xfe", b'{"id": "evt_1"}', b'{"id": 7, "type": "x"}',
        b'{"id": "", "type": "x"}', b'{"id": "evt_1", "type": null}', b'{"id": "evt\\u0000", "type": "x"}',
        b'{"id": "\\ud800", "type": "x"}', b"[" * 100_000, b"9" * 5000, b" " * (2**20 + 1),
    ],
)  # fmt: skip
def test_signed_nonsense_is_refused(gateway: StripeGateway, body: bytes) -> None:
    assert is_refused(gateway, body, {"stripe-signature": sign(body)})


@pytest.mark.parametrize(
    "about",
    [
        None, 7, [], "x", {}, {"object": None}, {"object": []}, {"object": {"id": 7, "payment_intent": 7}},
        {"object": {"id": "\ud800", "payment_intent": ["pi_1"]}}, {"object": {"payment_intent": {"id": None}}},
        {"object": {"id": "x" * 300, "payment_intent": "pi 1"}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["checkout.session.completed", "payment_intent.succeeded", "refund.created", "x.y"])
def test_signed_events_about_nothing_are_harmless(gateway: StripeGateway, kind: str, about: Any) -> None:
    body = json.dumps({"id": "evt_1", "type": kind, "data": about}).encode()
    assert gateway.notice(body, {"stripe-signature": sign(body)}) == Notice("evt_1", kind)


def sign(body: bytes) -> str:
    """As the official SDK signs what is text; what is none is signed as something else."""
    return stripe.WebhookSignature.generate_signature_header(body.decode("utf-8", "replace"), SECRET)


def test_the_sandbox_signs_as_the_sdk_does(cards: CardSandbox, paid_event: dict[str, Any]) -> None:
    body, headers = cards.signed(paid_event, at=1_700_000_000)
    made = stripe.WebhookSignature.generate_signature_header(body.decode(), SECRET, 1_700_000_000)
    assert headers["stripe-signature"] == made


# The sandbox's own gateway


def test_the_sandboxs_gateway(cards: CardSandbox) -> None:
    gateway = SandboxGateway(cards.url, SECRET)
    ref = gateway.start(wish()).ref
    cards.pay(ref)
    assert paid(gateway.read(ref)).amount == Decimal("25.50")
    assert gateway.notice(*cards.signed(cards.events[-1])).ref == ref
