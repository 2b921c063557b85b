"""Secrets of endpoints: made, kept so that only this shop can read them, and signed by.

Sealed by Fernet (cryptography) with keys that are derived from SECRET_KEY and, to read, from SECRET_KEY_FALLBACKS too:
whoever reads the database alone can sign nothing.
"""

import base64
import hashlib
import hmac
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

PREFIX = "whsec_"
SECRET_BYTES = 32
PURPOSE = b"jiema webhooks: secrets of endpoints\0"


class Unreadable(Exception):
    """Sealed under a SECRET_KEY that this shop no longer knows."""


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def seal(secret: str) -> str:
    return _box().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Raises Unreadable."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable from error


def mark(sealed: str) -> str:
    """By which a page names a secret without telling anything of it."""
    return hashlib.sha256(sealed.encode()).hexdigest()[:16]


def sign(keys: list[str], message_id: str, at: int, body: str) -> str:
    """The header `webhook-signature`: one signature for each secret. at: unix time.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    content = f"{message_id}.{at}.{body}".encode()
    return " ".join(f"v1,{_signature(key, content)}" for key in keys)


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, content, "sha256")).decode()


def _box() -> MultiFernet:
    return MultiFernet([_fernet(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _fernet(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(PURPOSE + key.encode()).digest()))
