"""API tokens: `jm_`, 37 random base-62 characters, and 6 of the CRC-32 of the 40 before them.

The checksum lets a typo or a forgery be refused without a look at the database, and secret scanners match it.
"""

import hashlib
import re
import secrets
import zlib

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX = "jm_"
TOKEN = re.compile(r"jm_[0-9A-Za-z]{43}")


def _checksum(head: str) -> str:
    number = zlib.crc32(head.encode())
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = ALPHABET[digit] + digits
    return digits


def new_token() -> str:
    head = PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(37))
    return head + _checksum(head)


def is_well_formed(token: str) -> bool:
    return TOKEN.fullmatch(token) is not None and _checksum(token[:40]) == token[40:]


def digest(token: str) -> bytes:
    """What is stored: SHA-256 of the token, 32 bytes."""
    return hashlib.sha256(token.encode()).digest()
