"""What a page shows to be told of changes: whose it is, which order it is about, and of which session."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest

# A page asks for a new one through its session, so a change of password ends it within this time at the latest.
LASTS = timedelta(minutes=10)
SALT = "orders.pulse"


def session_key_of(request: HttpRequest) -> str:
    return str(request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")).replace("\0", "")


def _digest(session_key: str) -> str:
    """The page's script reads the ticket, and must not read the session's key."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Ticket:
    """order_id: the page's own order; empty on a page of all open ones. It tells no code, only that one came."""

    user_id: str
    order_id: str

    def write(self, session_key: str) -> str:
        return TimestampSigner(salt=SALT).sign(f"{self.user_id}.{self.order_id}.{_digest(session_key)}")

    @classmethod
    def read(cls, text: str, session_key: str) -> "Ticket | None":
        """None where it is forged, over, or of another session."""
        try:
            user_id, order_id, digest = TimestampSigner(salt=SALT).unsign(text, max_age=LASTS).split(".")
        except BadSignature:
            return None
        return cls(user_id, order_id) if digest == _digest(session_key) else None
