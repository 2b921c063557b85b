from collections.abc import Iterator
from urllib.parse import urlencode
from urllib.request import Request

import pytest

from catalog.upstream.sandbox import Sandbox, VirtualClock
from catalog.upstream.sandbox.engine.shop import Wish
from tests.upstream.sandbox_caller import FIRST_ID, Answer, fetch


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=VirtualClock(), never=1, first_id=FIRST_ID) as sandbox:
        yield sandbox


def send(sandbox: Sandbox, **fields: object) -> Answer:
    return fetch(Request(f"{sandbox.origin}/sms", urlencode(fields).encode()))


def test_shows_open_numbers(sandbox: Sandbox):
    number = sandbox.shop.buy(Wish("tg", 6))
    page = fetch(f"{sandbox.origin}/").body
    assert f"+{number.phone}" in page
    assert "Telegram · Indonesia" in page
    assert "20:00 left" in page


def test_says_when_nothing_is_open(sandbox: Sandbox):
    number = sandbox.shop.buy(Wish("tg", 6))
    sandbox.shop.withdraw(number.id)
    page = fetch(f"{sandbox.origin}/").body
    assert "No number is open" in page
    assert number.phone not in page


def test_a_typed_sms_arrives(sandbox: Sandbox):
    number = sandbox.shop.buy(Wish("tg", 6))
    answer = send(sandbox, id=number.id, text="Hello, it is 12345 😀")
    assert answer.status == 200
    assert [message.text for message in number.messages] == ["Hello, it is 12345 😀"]
    assert "Hello, it is 12345 😀" in answer.body


def test_an_empty_box_sends_a_made_up_code(sandbox: Sandbox):
    number = sandbox.shop.buy(Wish("tg", 6))
    send(sandbox, id=number.id, text=" ")
    assert number.messages[0].code


def test_what_is_typed_is_escaped(sandbox: Sandbox):
    number = sandbox.shop.buy(Wish("tg", 6))
    send(sandbox, id=number.id, text="<script>alert(1)</script>")
    cards = fetch(f"{sandbox.origin}/numbers").body
    assert "<script>" not in cards
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in cards


@pytest.mark.parametrize(("id_", "status"), [("1", 404), ("abc", 400), ("", 400)])
def test_an_sms_to_nobody(sandbox: Sandbox, id_: str, status: int):
    assert send(sandbox, id=id_, text="Code 12345").status == status


def test_needs_nothing_from_elsewhere(sandbox: Sandbox):
    page = fetch(f"{sandbox.origin}/").body
    assert "http" not in page


def test_other_paths_are_not_found(sandbox: Sandbox):
    assert fetch(f"{sandbox.origin}/elsewhere").status == 404
