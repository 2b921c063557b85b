"""Stripe's official SDK on a line of ours that answers within a time by the clock, and its errors as ours."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
import stripe
import urllib3

from accounts.topups.gateways.base import GatewayError, Refused, Unreachable

CONNECT_SECONDS = 2.0
TRY_SECONDS = 4.0  # leaves time for a second try with the same key
CALL_SECONDS = 8.0
RETRIES = 1
MAX_REPLY = 8 * 2**20  # bytes
_CHUNK = 64 * 1024
CLEAR_NOES = (
    stripe.CardError,
    stripe.InvalidRequestError,
    stripe.AuthenticationError,
    stripe.PermissionError,
    stripe.IdempotencyError,
)


@contextmanager
def asking(secret_key: str, api_url: str = "", seconds: float | None = None) -> Iterator[stripe.StripeClient]:
    """A client for one errand. seconds: for all its requests together, eight as a rule. Raises GatewayError alone."""
    with requests.Session() as session:
        session.trust_env = not api_url  # a sandbox stands beside us, behind no proxy
        try:
            yield stripe.StripeClient(
                secret_key,
                base_addresses={"api": api_url.rstrip("/")} if api_url else None,
                max_network_retries=RETRIES,
                http_client=Line(session, time.monotonic() + (seconds or CALL_SECONDS)),
            )
        except stripe.StripeError as error:
            raise _translated(error) from None
        except (AttributeError, KeyError, LookupError, TypeError, ValueError, OverflowError) as error:
            # What the SDK or our reading makes of a reply of another shape than the published one.
            raise Unreachable(f"an answer that makes no sense ({type(error).__name__})") from None


class Line(stripe.HTTPClient):
    """Requests until a deadline, however slowly the bytes drip in. Follows no redirect."""

    name = "requests"

    def __init__(self, session: requests.Session, deadline: float) -> None:
        super().__init__()
        self._session = session
        self._deadline = deadline

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        end = min(self._deadline, time.monotonic() + TRY_SECONDS)
        try:
            left = _left(end)
            with self._session.request(
                method,
                url,
                headers=headers,
                data=post_data,
                timeout=(min(CONNECT_SECONDS, left), left),
                allow_redirects=False,
                stream=True,
            ) as response:
                return _body(response, end), response.status_code, response.headers
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _NoAnswer(type(error).__name__) from None

    def close(self) -> None:
        self._session.close()


class _NoAnswer(stripe.APIConnectionError):
    def __init__(self, why: str) -> None:
        super().__init__(why, should_retry=True)  # type: ignore[no-untyped-call]


def _left(end: float) -> float:
    """Seconds. Raises TimeoutError where none are left."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _body(response: requests.Response, end: float) -> bytes:
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        _left(end)
        if len(body) > MAX_REPLY:
            raise OSError("an endless reply")
    return bytes(body)


def _translated(error: stripe.StripeError) -> GatewayError:
    """Only a clear no is a no: everything else may have been done."""
    is_no = isinstance(error, CLEAR_NOES) and error.http_status in (400, 401, 402, 403, 404)
    if is_no and error.code not in ("lock_timeout", "idempotency_key_in_use"):
        return Refused(_why(error))
    return Unreachable(_why(error))


def _why(error: stripe.StripeError) -> str:
    if isinstance(error, stripe.AuthenticationError) and error.http_status:
        return "Stripe does not know our key"  # its own words quote a part of the key
    if isinstance(error, stripe.APIConnectionError):
        return f"no answer ({error.user_message})"
    if isinstance(error, stripe.APIError):
        return f"an error on Stripe's side (HTTP {error.http_status})"
    words = error.user_message if isinstance(error.user_message, str) else ""
    return f"{words[:160] or type(error).__name__} (HTTP {error.http_status})"
