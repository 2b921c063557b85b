import secrets
import time
from datetime import datetime, timedelta

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
ID_PATTERN = r"c[a-z0-9]{24}"


def _base36(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits = ALPHABET[digit] + digits
    return digits


def new_id() -> str:
    """25 characters: `c`, 8 of milliseconds since 1970, 16 random (82 bits). Sorts by time."""
    return "c" + _base36(time.time_ns() // 1_000_000, 8) + _base36(secrets.randbelow(36**16), 16)


def around(moment: datetime) -> tuple[str, str]:
    """Ids made at that moment are between these, by any clock that is less than a day off."""
    return _least(moment - timedelta(days=1)), _least(moment + timedelta(days=1))


def _least(moment: datetime) -> str:
    return "c" + _base36(int(moment.timestamp() * 1000), 8) + "0" * 16
