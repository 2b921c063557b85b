"""What is printed on a voucher. A code is made once, told once, and kept only as its digest."""

import hashlib
import secrets
import unicodedata

LENGTH = 16
GROUP = 4
# Digits and capitals, of each pair that looks alike only one: 29 characters, so that a code holds 77 bits.
ALPHABET = "0123456789ACDEFGHJKMNPQRTVWXY"
_READ_AS = str.maketrans("OILSBZU", "011582V")


def new_code() -> str:
    """As it is kept: without groups."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def grouped(code: str) -> str:
    """As it is printed: ACDE-FGHJ-KMNP-QRTV."""
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def read(typed: str) -> str:
    """The code that somebody meant: any case and width, any spaces and dashes, look-alikes taken for each other.

    What is no code at all comes out as some other text, which no voucher has.
    """
    plain = unicodedata.normalize("NFKC", typed).upper().translate(_READ_AS)
    return "".join(character for character in plain if character.isalnum())


def digest(code: str) -> bytes:
    """SHA-256. A code has too many bits to be guessed from it, so it needs no salt.

    Looked up by this, a wrong code takes as long however near it is to a right one.
    """
    return hashlib.sha256(code.encode()).digest()
