"""The card sandbox: what it lets happen, its page, its webhooks, its faults, and the program."""

import http.client
import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import stripe

from accounts.topups.gateways.base import BadSignature
from accounts.topups.gateways.sandbox import SandboxGateway
from accounts.topups.sandbox.cards import CardSandbox, webhooks
from accounts.topups.sandbox.cards.refusals import Refusal
from tests.topups.cards import BACK, SECRET, event, gateway_at, wish

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cards() -> Iterator[CardSandbox]:
    with CardSandbox(secret=SECRET) as running:
        yield running


@pytest.fixture
def ref(cards: CardSandbox) -> str:
    return gateway_at(cards).start(wish()).ref


def kinds(cards: CardSandbox) -> list[str]:
    return [one["type"] for one in cards.events]


# What happens


def test_events_of_a_payment(cards: CardSandbox, ref: str) -> None:
    cards.pay(ref)
    assert kinds(cards) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    assert (cards.thing(ref)["status"], cards.thing(ref)["payment_status"]) == ("complete", "paid")


def test_an_event_shows_what_was_then(cards: CardSandbox, ref: str) -> None:
    cards.pay_async(ref)
    cards.settle_async(ref, ok=True)
    completed = event(cards, "checkout.session.completed")["data"]["object"]
    assert completed["payment_status"] == "unpaid"
    assert event(cards, "checkout.session.async_payment_succeeded")["data"]["object"]["payment_status"] == "paid"


def test_a_late_payment_comes_after_the_end(cards: CardSandbox, ref: str) -> None:
    payment = cards.pay_late(ref)
    assert kinds(cards)[1:] == ["checkout.session.expired", "charge.succeeded", "payment_intent.succeeded"]
    assert cards.thing(ref)["payment_intent"] == payment
    assert event(cards, "payment_intent.succeeded")["data"]["object"]["metadata"] == {"top_up_id": "t1"}


def test_a_second_payment_has_the_same_metadata(cards: CardSandbox, ref: str) -> None:
    first, second = cards.pay_twice(ref)
    assert cards.thing(first)["metadata"] == cards.thing(second)["metadata"] == {"top_up_id": "t1"}
    assert (first != second, cards.thing(ref)["payment_intent"]) == (True, first)


def test_sessions_end_by_themselves() -> None:
    clock = [time.time()]
    with CardSandbox(secret=SECRET, clock=lambda: clock[0]) as cards:
        ref = gateway_at(cards).start(wish()).ref
        clock[0] += 2 * 3600 - 5
        cards.till.expire_due()
        assert cards.thing(ref)["status"] == "open"
        clock[0] += 10
        wait_for(lambda: cards.thing(ref)["status"] == "expired")
        assert kinds(cards) == ["checkout.session.expired"]


@pytest.mark.parametrize("again", ["pay", "decline", "pay_async", "expire", "pay_late"])
def test_what_is_paid_is_over(cards: CardSandbox, ref: str, again: str) -> None:
    cards.pay(ref)
    before = kinds(cards)
    with pytest.raises(Refusal):
        getattr(cards, again)(ref)
    assert kinds(cards) == before


def test_a_dispute_takes_the_money_and_gives_it_back(cards: CardSandbox, ref: str) -> None:
    payment = cards.pay(ref)
    dispute = cards.dispute(payment)
    cards.close_dispute(payment, won=True)
    assert [move["amount"] for move in cards.thing(dispute)["balance_transactions"]] == [-2550, 2550]
    assert kinds(cards)[4:] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]


def test_a_failed_refund_leaves_the_payment_whole(cards: CardSandbox, ref: str) -> None:
    payment = cards.pay(ref)
    cards.hold_refunds()
    refund = cards.refund_by_hand(payment)
    charge = cards.thing(payment)["latest_charge"]
    assert cards.thing(charge)["refunded"] is True
    cards.settle_refund(refund, ok=False)
    assert (cards.thing(charge)["refunded"], cards.thing(charge)["amount_refunded"]) == (False, 0)


# The page


@contextmanager
def line(cards: CardSandbox) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(cards.url.removeprefix("http://"), timeout=5)
    try:
        yield connection
    finally:
        connection.close()


def get(cards: CardSandbox, path: str) -> tuple[int, str, dict[str, str]]:
    with line(cards) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())


def post(cards: CardSandbox, ref: str, **told: str) -> str:
    """Where the browser is sent to."""
    with line(cards) as connection:
        connection.request("POST", f"/pay/{ref}", urllib.parse.urlencode(told))
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303
        return answer.getheader("Location") or ""


def buttons(cards: CardSandbox, ref: str) -> list[str]:
    return re.findall(r'name="action" value="(\w+)"', get(cards, f"/pay/{ref}")[1])


def status(cards: CardSandbox, ref: str) -> str:
    found = re.search(r'role="status">([^<]+)<', get(cards, f"/pay/{ref}")[1])
    assert found
    return found[1]


def test_the_page_says_what_it_is(cards: CardSandbox, ref: str) -> None:
    code, page, headers = get(cards, f"/pay/{ref}")
    assert (code, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<strong>Sandbox:</strong> no real money moves." in page
    assert "<h1>25.50 USD</h1>" in page
    assert not re.search("<style|style=|<script", page)
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self' http://127.0.0.1:1"
    )
    assert buttons(cards, ref) == ["pay", "decline", "bank", "late", "twice", "cancel"]


def test_the_page_is_styled_for_light_and_dark(cards: CardSandbox) -> None:
    code, css, headers = get(cards, "/style.css")
    assert (code, headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "prefers-color-scheme: dark" in css


@pytest.mark.parametrize(
    ("action", "state", "next_buttons"),
    [
        ("pay", "Paid", ["cancel", "dispute", "refund"]),
        ("bank", "Your bank is working on it", ["arrives", "fails"]),
        ("late", "Paid", ["cancel", "dispute", "refund"]),
        ("twice", "Paid", ["cancel", "dispute", "refund", "dispute", "refund"]),
        ("cancel", "Waiting for your payment", ["pay", "decline", "bank", "late", "twice", "cancel"]),
    ],
)
def test_an_action_goes_back_to_the_shop(
    cards: CardSandbox, ref: str, action: str, state: str, next_buttons: list[str]
) -> None:
    assert post(cards, ref, action=action) == BACK
    assert status(cards, ref) == state
    assert buttons(cards, ref) == next_buttons


def test_a_declined_card_stays_on_the_page(cards: CardSandbox, ref: str) -> None:
    assert post(cards, ref, action="decline") == f"/pay/{ref}"
    assert status(cards, ref) == "Declined. You can try again."
    assert post(cards, ref, action="pay") == BACK


@pytest.mark.parametrize(("action", "state"), [("arrives", "Paid"), ("fails", "The bank transfer failed")])
def test_a_bank_transfer(cards: CardSandbox, ref: str, action: str, state: str) -> None:
    post(cards, ref, action="bank")
    assert post(cards, ref, action=action) == BACK
    assert status(cards, ref) == state


def test_an_expired_page_takes_a_late_payment(cards: CardSandbox, ref: str) -> None:
    cards.expire(ref)
    assert (status(cards, ref), buttons(cards, ref)) == ("This page has expired", ["late", "cancel"])
    assert post(cards, ref, action="late") == BACK
    assert status(cards, ref) == "Paid"


@pytest.mark.parametrize(("action", "outcome"), [("win", "won"), ("lose", "lost")])
def test_disputes_on_the_page(cards: CardSandbox, ref: str, action: str, outcome: str) -> None:
    payment = cards.pay(ref)
    assert post(cards, ref, action="dispute", payment=payment) == BACK
    assert buttons(cards, ref) == ["cancel", "win", "lose"]
    assert post(cards, ref, action=action, payment=payment) == BACK
    assert f"The shop has {outcome} the dispute." in get(cards, f"/pay/{ref}")[1]
    assert cards.till.all("dispute")[0]["status"] == outcome


@pytest.mark.parametrize("told", [{"action": "pay"}, {"action": "steal"}, {}, {"action": "win", "payment": "pi_1"}])
def test_what_cannot_be_done_shows_the_page_again(cards: CardSandbox, ref: str, told: dict[str, str]) -> None:
    cards.pay(ref)
    before = kinds(cards)
    assert post(cards, ref, **told) == f"/pay/{ref}"
    assert kinds(cards) == before


def test_a_double_click_pays_once(cards: CardSandbox, ref: str) -> None:
    sent: list[str] = []
    clicks = [threading.Thread(target=lambda: sent.append(post(cards, ref, action="pay"))) for _ in range(8)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert sorted(sent) == sorted([BACK, *[f"/pay/{ref}"] * 7])
    assert kinds(cards).count("payment_intent.succeeded") == 1


def test_the_front_page_lists_all(cards: CardSandbox, ref: str) -> None:
    cards.decline(gateway_at(cards).start(wish("t2", amount="7")).ref)
    _, page, _ = get(cards, "/")
    assert re.findall(r'href="/pay/(\w+)">([^<]+)</a><span class="state (\w+)"', page) == [
        (cards.till.all("checkout.session")[0]["id"], "7.00 USD", "declined"),
        (ref, "25.50 USD", "open"),
    ]


@pytest.mark.parametrize("path", ["/pay/cs_none", "/nowhere", "/pay/", "/pay/a/b"])
def test_what_is_not_there(cards: CardSandbox, path: str) -> None:
    assert get(cards, path)[0] == 404


def test_a_public_address_of_its_own() -> None:
    with CardSandbox(secret=SECRET, public_url="http://cards.example:8300/") as cards:
        started = gateway_at(cards).start(wish())
        assert started.url == f"http://cards.example:8300/pay/{started.ref}"


# Webhooks


class Shop:
    """Takes webhooks as the shop does. answers: the next statuses; 200 when there are no more."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, dict[str, str]]] = []
        self.answers: list[int] = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                shop.got.append((body, {name.lower(): value for name, value in self.headers.items()}))
                self.send_response(shop.answers.pop(0) if shop.answers else 200)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhooks/sandbox"

    def kinds(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.got]


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[CardSandbox]:
    """A sandbox that tells the shop."""
    monkeypatch.setattr(webhooks, "PAUSES", (0.02, 0.05, 0.1))
    with CardSandbox(secret=SECRET, webhook_url=shop.url) as running:
        yield running


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_events_are_sent_signed(told: CardSandbox, shop: Shop) -> None:
    gateway = gateway_at(told)
    told.pay(gateway.start(wish()).ref)
    told.wait_until_delivered()
    assert shop.kinds() == kinds(told)
    assert [gateway.notice(*each).event_id for each in shop.got] == [one["id"] for one in told.events]


def test_what_was_not_taken_is_sent_again(told: CardSandbox, shop: Shop) -> None:
    shop.answers = [500, 302]
    told.expire(gateway_at(told).start(wish()).ref)
    told.wait_until_delivered()
    assert shop.kinds() == ["checkout.session.expired"] * 3
    assert [(parcel.tries, parcel.status) for parcel in told.post.parcels] == [(3, 200)]


def test_after_some_tries_it_is_given_up(told: CardSandbox, shop: Shop) -> None:
    shop.answers = [500] * 9
    told.expire(gateway_at(told).start(wish()).ref)
    wait_for(lambda: told.post.parcels[0].tries == 4)
    with pytest.raises(TimeoutError):
        told.wait_until_delivered(0.3)
    assert len(shop.got) == 4


def test_held_back_and_delivered_in_any_order(told: CardSandbox, shop: Shop) -> None:
    told.hold()
    told.pay(gateway_at(told).start(wish()).ref)
    backwards = [*reversed(told.events), told.events[0]]
    assert [told.deliver(one) for one in backwards] == [200] * 5
    assert shop.kinds() == [one["type"] for one in backwards]
    told.release()
    told.wait_until_delivered()
    assert shop.kinds()[5:] == kinds(told)


def test_nobody_takes_webhooks() -> None:
    with CardSandbox(webhook_url="http://127.0.0.1:1/") as cards:
        assert cards.deliver({"id": "evt_1", "type": "x"}) == 0


def test_signed_by_several_secrets(cards: CardSandbox) -> None:
    body, headers = cards.signed({"id": "evt_1", "type": "x"}, secret=["one", "two"])
    assert headers["stripe-signature"].count("v1=") == 2
    for secret in ("one", "two"):
        assert stripe.WebhookSignature.verify_header(body, headers["stripe-signature"], secret, 60)


def test_two_secrets_in_force() -> None:
    with CardSandbox(secret=["whsec_new", "whsec_old"]) as cards:
        signed = cards.signed({"id": "evt_1", "type": "x"})
        assert SandboxGateway(cards.url, "whsec_old").notice(*signed).event_id == "evt_1"
        assert SandboxGateway(cards.url, "whsec_new").notice(*signed).event_id == "evt_1"
        with pytest.raises(BadSignature):
            SandboxGateway(cards.url, "whsec_other").notice(*signed)


# Faults


def raw(cards: CardSandbox, path: str) -> tuple[int, bytes]:
    with line(cards) as connection:
        connection.request("GET", path, headers={"Authorization": "Bearer sk_test_x"})
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize(
    ("kind", "error"),
    [("close", http.client.RemoteDisconnected), ("reset", ConnectionResetError), ("cut", http.client.IncompleteRead)],
)
def test_faults_on_the_line(cards: CardSandbox, kind: str, error: type[Exception]) -> None:
    cards.fail("GET events", kind)
    with pytest.raises(error):
        raw(cards, "/v1/events")
    assert raw(cards, "/v1/events")[0] == 200


def test_faults_hit_the_calls_that_they_name(cards: CardSandbox) -> None:
    cards.fail("GET disputes", "503", times=2)
    assert [raw(cards, path)[0] for path in ("/v1/events", "/v1/disputes", "/v1/disputes", "/v1/disputes")] == [
        200,
        503,
        503,
        200,
    ]


def test_faults_by_status_are_in_stripes_form(cards: CardSandbox) -> None:
    cards.fail("*", "429")
    status_, body = raw(cards, "/v1/events")
    assert (status_, json.loads(body)["error"]["code"]) == (429, "rate_limit")


def test_only_known_faults() -> None:
    with pytest.raises(ValueError, match="no such fault: bang"):
        CardSandbox().fail("*", "bang")


@pytest.mark.parametrize(("after", "made"), [(False, 0), (True, 1)])
def test_before_or_after_the_effect(cards: CardSandbox, after: bool, made: int) -> None:
    cards.fail("POST checkout/sessions", "close", after=after)
    with line(cards) as connection:
        price = "line_items[0][price_data]"
        form = f"mode=payment&success_url=x&{price}[currency]=usd&{price}[unit_amount]=1"
        connection.request("POST", "/v1/checkout/sessions", form, {"Authorization": "Bearer sk_test_x"})
        with pytest.raises(http.client.RemoteDisconnected):
            connection.getresponse()
    assert len(cards.till.all("checkout.session")) == made


# The program


def test_the_program(shop: Shop) -> None:
    command = [sys.executable, "-m", "accounts.topups.sandbox.cards", "--port", "0", "--webhook", shop.url]
    with subprocess.Popen(
        [*command, "--secret", SECRET, "--public-url", "http://cards.example"],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout
        assert program.stdout.readline() == f"Card sandbox at http://cards.example/ , webhooks to {shop.url}\n"
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == 0


def test_a_port_that_is_taken(cards: CardSandbox) -> None:
    port = cards.url.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "accounts.topups.sandbox.cards", "--port", port],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (
        1,
        f"Port {port} on 127.0.0.1 is taken: choose another with --port.\n",
    )
