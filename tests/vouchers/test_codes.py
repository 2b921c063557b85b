import math
import re

import pytest

from accounts.vouchers import codes


def test_a_code_holds_more_than_75_bits() -> None:
    assert len(set(codes.ALPHABET)) == len(codes.ALPHABET) == 29
    assert codes.LENGTH * math.log2(29) > 77


def test_codes_are_printed_in_groups() -> None:
    code = codes.new_code()
    assert re.fullmatch(rf"([{codes.ALPHABET}]{{4}}-){{3}}[{codes.ALPHABET}]{{4}}", codes.grouped(code))
    assert codes.read(codes.grouped(code)) == code


def test_every_character_is_used_and_no_code_twice() -> None:
    made = {codes.new_code() for _ in range(1000)}
    assert len(made) == 1000
    assert set().union(*made) == set(codes.ALPHABET)


@pytest.mark.parametrize(
    "typed",
    [
        "01528VACDEFGHJKM",
        "0152-8VAC-DEFG-HJKM",
        "0152 8vac defg hjkm",
        "  o152–8vac—defg\thjkm\u00a0",
        "oisz-bvac-defg-hjkm",
        "OLSZ-BUAC-DEFG-HJKM",
        "０１５２－８ＶＡＣ－ＤＥＦＧ－ＨＪＫＭ",
        "0152_8VAC.DEFG/HJKM",
    ],
)
def test_what_was_meant_is_read(typed: str) -> None:
    assert codes.read(typed) == "01528VACDEFGHJKM"


@pytest.mark.parametrize("typed", ["", "---", "\x00", "🎟", "x" * 100])
def test_no_code_is_read_as_none(typed: str) -> None:
    assert len(codes.read(typed)) != codes.LENGTH


def test_the_kept_digest_is_of_32_bytes_and_not_the_code() -> None:
    assert len(codes.digest("01528VACDEFGHJKM")) == 32
    assert codes.digest("01528VACDEFGHJKM") != codes.digest("01528VACDEFGHJKN")
