"""The sandbox against what Stripe publishes, as its official SDK has it: parameters, shapes, refusals."""

import json
import re
import typing
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
import stripe
from stripe import RequestOptions
from stripe.params import (
    DisputeListParams,
    EventListParams,
    PaymentIntentListParams,
    RefundCreateParams,
    RefundListParams,
)
from stripe.params.checkout import SessionCreateParams, SessionListParams

from accounts.topups.sandbox.cards import CardSandbox, known
from accounts.topups.sandbox.cards.shapes import API_VERSION
from tests.topups.cards import SECRET, gateway_at, refunding, wish

SHAPES: dict[str, Any] = {
    "checkout.session": stripe.checkout.Session,
    "payment_intent": stripe.PaymentIntent,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "balance_transaction": stripe.BalanceTransaction,
}


@pytest.fixture
def cards() -> Iterator[CardSandbox]:
    with CardSandbox(secret=SECRET) as running:
        yield running


def ask(cards: CardSandbox, path: str, form: str | None = None, **headers: str) -> tuple[int, Any]:
    told = {"Authorization": "Bearer sk_test_tests", **{name.replace("_", "-"): each for name, each in headers.items()}}
    request = urllib.request.Request(f"{cards.url}/v1/{path}", form.encode() if form is not None else None, told)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def refused(cards: CardSandbox, path: str, form: str | None = None, **headers: str) -> tuple[int, dict[str, str]]:
    status, answer = ask(cards, path, form, **headers)
    assert answer.keys() == {"error"}
    return status, answer["error"]


SESSION = (
    "mode=payment&success_url=http://shop/back&line_items[0][quantity]=1&line_items[0][price_data][currency]=usd"
    "&line_items[0][price_data][unit_amount]=2550&line_items[0][price_data][product_data][name]=Top-up"
)


def session(cards: CardSandbox, form: str = SESSION) -> str:
    status, answer = ask(cards, "checkout/sessions", form)
    assert status == 200, answer
    return str(answer["id"])


def names(params: Any) -> set[str]:
    """All parameters of the SDK's, nested ones as `line_items[][quantity]` and `metadata[*]`."""
    return {each.removeprefix("[").replace("]", "", 1) for each in _names(params, "")}


def _names(annotation: Any, path: str) -> Iterator[str]:
    if hasattr(annotation, "__required_keys__"):  # a TypedDict
        for name, inner in _fields(annotation).items():
            yield from _names(inner, f"{path}[{name}]")
        return
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is list:
        yield from _names(inner[0], f"{path}[]")
    elif origin is dict:
        yield f"{path}[*]"
    elif inner and origin is not typing.Literal:
        for each in inner:
            yield from _names(each, path)
    else:
        yield path


def _fields(params: Any) -> dict[str, Any]:
    """Without the options of every request, which are no parameters."""
    own = {name: each for name, each in params.__annotations__.items() if name not in RequestOptions.__annotations__}
    module = {"UntypedStripeObject": dict} | vars(import_module(params.__module__))
    return typing.get_type_hints(type("Own", (), {"__annotations__": own}), module)


@pytest.mark.parametrize(
    ("taken", "published"),
    [
        (known.SESSION_CREATE, SessionCreateParams),
        (known.SESSION_LIST, SessionListParams),
        (known.INTENT_LIST, PaymentIntentListParams),
        (known.REFUND_CREATE, RefundCreateParams),
        (known.REFUND_LIST, RefundListParams),
        (known.DISPUTE_LIST, DisputeListParams),
        (known.EVENT_LIST, EventListParams),
    ],
)
def test_takes_only_parameters_that_stripe_has(taken: tuple[str, ...], published: Any) -> None:
    assert set(taken) - names(published) == set()


def test_the_gateway_sends_only_parameters_that_stripe_has(cards: CardSandbox) -> None:
    gateway = gateway_at(cards)
    payment = cards.pay(gateway.start(wish()).ref)
    gateway.refund(refunding(payment, "5.00"))
    sent = {asked.call: {_pattern(name) for name, _ in asked.pairs} for asked in cards.calls}
    assert sent["POST checkout/sessions"] - names(SessionCreateParams) == set()
    assert len(sent["POST checkout/sessions"]) == 13
    assert sent["POST refunds"] - names(RefundCreateParams) == set()
    assert sent["POST refunds"] == {"payment_intent", "amount", "metadata[*]"}


def _pattern(name: str) -> str:
    return re.sub(r"(metadata\]?)\[\w+\]$", r"\1[*]", name.replace("[0]", "[]"))


def test_the_removed_parameter_is_none_of_stripes() -> None:
    assert not any(name.startswith("payment_method_types") for name in names(SessionCreateParams))


def everything(cards: CardSandbox) -> list[dict[str, Any]]:
    """One of each object, in each of the states that it can be in, as the API shows it."""
    gateway = gateway_at(cards)
    refs = [gateway.start(wish(f"t{number}")).ref for number in range(7)]
    paid = cards.pay(refs[1])
    gateway.refund(refunding(paid, "5.00"))
    cards.hold_refunds()
    cards.settle_refund(cards.refund_by_hand(paid, 100), ok=False)
    cards.decline(refs[2])
    cards.pay_async(refs[3])
    cards.settle_async(refs[3], ok=False)
    first, second = cards.pay_twice(refs[4])
    for payment, won in ((first, True), (second, False)):
        cards.dispute(payment)
        cards.close_dispute(payment, won)
    cards.pay_late(refs[5])
    cards.expire(refs[6])
    found = [thing for path in ("checkout/sessions", "payment_intents", "refunds", "disputes", "events")
             for thing in ask(cards, f"{path}?limit=100")[1]["data"]]  # fmt: skip
    return found + [event["data"]["object"] for event in cards.events]


def test_replies_have_the_published_shapes(cards: CardSandbox) -> None:
    found = everything(cards)
    assert {thing["object"] for thing in found} == SHAPES.keys() - {"balance_transaction"}
    assert [fault for thing in found for fault in faults(thing, SHAPES[thing["object"]], thing["object"])] == []


def test_expanded_replies_have_the_published_shapes(cards: CardSandbox) -> None:
    ref = session(cards)
    cards.pay(ref)
    _, found = ask(cards, f"checkout/sessions/{ref}?expand[]=payment_intent.latest_charge")
    assert found["payment_intent"]["latest_charge"]["object"] == "charge"
    assert list(faults(found, stripe.checkout.Session, "session")) == []


@pytest.mark.parametrize(
    ("spoiled", "fault"),
    [
        ({"statuss": "open"}, "session.statuss is not Stripe's"),
        ({"status": "closed"}, "session.status"),
        ({"amount_total": "2550"}, "session.amount_total"),
        ({"automatic_tax": {"enabled": "no"}}, "session.automatic_tax.enabled"),
    ],
)
def test_the_check_of_shapes_sees_faults(cards: CardSandbox, spoiled: dict[str, Any], fault: str) -> None:
    found = cards.thing(session(cards)) | spoiled
    assert fault in list(faults(found, stripe.checkout.Session, "session"))


def test_what_stripe_always_sends_is_there(cards: CardSandbox) -> None:
    found = cards.thing(session(cards))
    del found["payment_status"]
    assert list(faults(found, stripe.checkout.Session, "session")) == ["session.payment_status is missing"]


def faults(value: Any, shape: Any, path: str) -> Iterator[str]:
    """Where a value is not of the SDK's annotations; a word beyond a Literal's is a fault here."""
    if isinstance(shape, type) and issubclass(shape, stripe.StripeObject):
        if not isinstance(value, dict):
            yield path
            return
        fields = {name: each for name, each in shape.__annotations__.items() if name != "OBJECT_NAME"}
        yield from (f"{path}.{name} is not Stripe's" for name in value.keys() - fields.keys())
        yield from (f"{path}.{name} is missing" for name in fields.keys() - value.keys() if _is_required(fields[name]))
        for name in value.keys() & fields.keys():
            yield from faults(value[name], fields[name], f"{path}.{name}")
        return
    if not _fits(value, shape, path):
        yield path


def _is_required(shape: Any) -> bool:
    return type(None) not in typing.get_args(shape)


def _fits(value: Any, shape: Any, path: str) -> bool:
    origin, inner = typing.get_origin(shape), typing.get_args(shape)
    if shape is Any:
        return True
    if origin is typing.Literal:
        return value in inner
    if origin is typing.Union:
        if any(typing.get_origin(each) is typing.Literal for each in inner):
            inner = tuple(each for each in inner if each is not str)
        return any(_fits(value, each, path) for each in inner)
    if isinstance(shape, typing.ForwardRef):
        return isinstance(value, dict) and not list(faults(value, SHAPES[value["object"]], path))
    if origin is list:
        return isinstance(value, list) and all(_fits(each, inner[0], path) for each in value)
    if isinstance(origin, type) and issubclass(origin, stripe.StripeObject):
        return isinstance(value, dict)
    if isinstance(shape, type) and issubclass(shape, stripe.StripeObject):
        return not list(faults(value, shape, path))
    return isinstance(value, shape) and not (shape is int and isinstance(value, bool))


def test_speaks_the_version_of_the_sdk(cards: CardSandbox) -> None:
    gateway_at(cards).start(wish())
    assert cards.calls[0].headers["stripe-version"] == API_VERSION


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        (f"{SESSION}&payment_method_types[]=card", "parameter_unknown", "payment_method_types[]"),
        (f"{SESSION}&sucess_url=x", "parameter_unknown", "sucess_url"),
        (f"{SESSION}&line_items[0][colour]=red", "parameter_unknown", "line_items[0][colour]"),
        (SESSION.replace("2550", "25.50"), "parameter_invalid_integer", "line_items[0][price_data][unit_amount]"),
        (SESSION.replace("success_url", "cancel_url"), "parameter_missing", "success_url"),
        ("mode=payment", "parameter_missing", "line_items[0][price_data][unit_amount]"),
    ],
)
def test_refuses_bad_parameters(cards: CardSandbox, form: str, code: str, param: str) -> None:
    status, error = refused(cards, "checkout/sessions", form)
    assert (status, error["type"], error["code"], error["param"]) == (400, "invalid_request_error", code, param)


@pytest.mark.parametrize(("seconds", "status"), [(29 * 60, 400), (31 * 60, 200), (86_390, 200), (25 * 3600, 400)])
def test_a_session_lasts_from_half_an_hour_to_a_day(cards: CardSandbox, seconds: int, status: int) -> None:
    end = int((datetime.now(UTC) + timedelta(seconds=seconds)).timestamp())
    assert ask(cards, "checkout/sessions", f"{SESSION}&expires_at={end}")[0] == status


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer sk_live_1234567890", "Basic ???", "Basic c2tfbGl2ZTo="])
def test_refuses_strange_keys(cards: CardSandbox, header: str) -> None:
    status, error = refused(cards, "checkout/sessions", Authorization=header)
    assert (status, error["type"]) == (401, "invalid_request_error")


def test_takes_the_key_as_basic_authentication(cards: CardSandbox) -> None:
    assert ask(cards, "events", Authorization="Basic c2tfdGVzdF94Og==")[0] == 200


def test_a_key_of_ones_own_is_the_only_one() -> None:
    with CardSandbox(key="sk_test_mine") as cards:
        assert refused(cards, "events")[0] == 401
        assert ask(cards, "events", Authorization="Bearer sk_test_mine")[0] == 200


def test_the_same_key_brings_the_first_answer(cards: CardSandbox) -> None:
    first = ask(cards, "checkout/sessions", SESSION, Idempotency_Key="k")
    assert ask(cards, "checkout/sessions", SESSION, Idempotency_Key="k") == first
    assert len(ask(cards, "checkout/sessions")[1]["data"]) == 1


def test_the_same_key_with_other_parameters_is_refused(cards: CardSandbox) -> None:
    ask(cards, "checkout/sessions", SESSION, Idempotency_Key="k")
    status, error = refused(cards, "checkout/sessions", f"{SESSION}&locale=de", Idempotency_Key="k")
    assert (status, error["type"]) == (400, "idempotency_error")


def test_a_refusal_uses_no_key_up(cards: CardSandbox) -> None:
    refused(cards, "checkout/sessions", "mode=setup", Idempotency_Key="k")
    assert ask(cards, "checkout/sessions", SESSION, Idempotency_Key="k")[0] == 200


@pytest.mark.parametrize("path", ["checkout/sessions/cs_x", "payment_intents/pi_x", "refunds/re_x", "events/evt_x"])
def test_what_is_not_there_is_missing(cards: CardSandbox, path: str) -> None:
    status, error = refused(cards, path)
    assert (status, error["code"]) == (404, "resource_missing")


def test_calls_that_it_does_not_know(cards: CardSandbox) -> None:
    assert refused(cards, "customers") == (
        404,
        {"message": "Unrecognized request URL (GET: /v1/customers).", "type": "invalid_request_error"},
    )


def test_what_cannot_be_expanded(cards: CardSandbox) -> None:
    status, error = refused(cards, f"checkout/sessions/{session(cards)}?expand[]=colour")
    assert (status, error["param"]) == (400, "expand")


def test_lists_by_pages_and_times(cards: CardSandbox) -> None:
    refs = [session(cards) for _ in range(5)]
    _, first = ask(cards, "checkout/sessions?limit=2")
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (refs[:2:-1], True)
    _, last = ask(cards, f"checkout/sessions?limit=3&starting_after={refs[3]}")
    assert ([one["id"] for one in last["data"]], last["has_more"]) == (refs[2::-1], False)
    _, before = ask(cards, f"checkout/sessions?limit=1&ending_before={refs[0]}")
    assert [one["id"] for one in before["data"]] == [refs[1]]
    now = int(datetime.now(UTC).timestamp())
    assert ask(cards, f"checkout/sessions?created[gte]={now + 60}")[1]["data"] == []
    assert len(ask(cards, f"checkout/sessions?created[gte]={now - 60}&status=open")[1]["data"]) == 5
    assert refused(cards, "checkout/sessions?limit=101")[0] == 400


def test_sessions_are_expired_by_call(cards: CardSandbox) -> None:
    ref = session(cards)
    assert ask(cards, f"checkout/sessions/{ref}/expire", "")[1]["status"] == "expired"
    assert refused(cards, f"checkout/sessions/{ref}/expire", "")[0] == 400


def test_refunds_stay_within_the_payment(cards: CardSandbox) -> None:
    payment = cards.pay(session(cards))
    assert refused(cards, "refunds", f"payment_intent={payment}&amount=2551")[1]["param"] == "amount"
    assert ask(cards, "refunds", f"payment_intent={payment}&amount=50")[1]["status"] == "succeeded"
    assert ask(cards, "refunds", f"payment_intent={payment}")[1]["amount"] == 2500
    assert refused(cards, "refunds", f"payment_intent={payment}")[1]["code"] == "charge_already_refunded"


def test_what_is_disputed_is_not_refunded(cards: CardSandbox) -> None:
    payment = cards.pay(session(cards))
    cards.dispute(payment)
    assert refused(cards, "refunds", f"payment_intent={payment}")[1]["code"] == "charge_disputed"
