from random import Random

import pytest

from catalog.upstream.sandbox.engine.texts import compose, read_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your code is 12345", "12345"),
        ("G-012345 is your code", "012345"),
        ("Your code: 123-456.\nThanks", "123-456"),
        ("1234567890123 is too long, 4321 is not", "4321"),
        ("Welcome! 😀", ""),
    ],
)
def test_reads_the_code_out_of_a_text(text: str, code: str):
    assert read_code(text) == code


def test_a_made_up_text_has_a_code_that_can_be_read():
    rng = Random(1)
    texts = [compose(rng, name) for name in ("Telegram", "WhatsApp", "Google / YouTube", "7-Eleven") * 50]
    assert [text for text in texts if not 4 <= len(read_code(text)) <= 6] == []
