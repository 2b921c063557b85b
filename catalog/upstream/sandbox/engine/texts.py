"""SMS as services write them, and codes as a provider reads them out."""

import re
from random import Random

from catalog.upstream.sandbox.engine.chance import chance

_TEMPLATES = (
    "Your {name} code is {code}",
    "{code} is your {name} verification code.",
    "{name}: {code} is your verification code. Don't share it with anyone.",
    "Your {name} verification code: {code}. It expires in 10 minutes.",
    "Use {code} to verify your {name} account.",
    "[{name}] Verification code {code}. If this wasn't you, ignore this message.",
    "{code} - your {name} login code\nDo not give it to anybody, even if they say they are from {name}.",
    "{name} code {code}. Valid for 5 minutes.",
)
_CODE = re.compile(r"(?<!\d)(?:\d{3}-\d{3}|\d{4,8})(?!\d)")


def compose(rng: Random, name: str) -> str:
    """A text with a code of 4 to 6 digits. A service keeps its template and its code's length."""
    style = chance("style", name)
    length = style.choice((4, 5, 6, 6))
    code = "".join(rng.choice("0123456789") for _ in range(length))
    return style.choice(_TEMPLATES).format(name=name, code=code)


def read_code(text: str) -> str:
    """The code in a text, or nothing: the first run of 4 to 8 digits, or 123-456."""
    found = _CODE.search(text)
    return found.group() if found else ""
