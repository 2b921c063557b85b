from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from jiema.api import limits, tokens
from jiema.api.addresses import client_address
from jiema.api.errors import AuthInvalid, AuthMissing, BadRequest, RateLimited

KEY_PARAMETERS = frozenset({"api_key", "apikey", "key", "token", "access_token"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who holds the key. limits: calls per window of this account, None for the shop's own.

    networks: those that the key may be used from, separated by commas; empty for all.
    """

    user_id: str
    key_id: int
    is_blocked: bool
    read_limit: int | None
    write_limit: int | None
    is_read_only: bool
    networks: str


@dataclass(frozen=True, slots=True)
class Ride:
    """A scalar SQL subquery that comes along with the key's look-up; `u` is the caller's account row.

    Its parameters are $2, $3, …
    """

    sql: str
    params: Sequence[Any] = ()


class Authenticator(Protocol):
    def __call__(self, digest: bytes, ride: Ride | None) -> tuple[Caller, Any] | None: ...


@cache
def _authenticator() -> Authenticator:
    found: Authenticator = import_string(settings.API_AUTHENTICATOR)
    return found


def authenticate(request: HttpRequest, ride: Ride | None) -> tuple[Caller, Any]:
    """The caller and what the ride brought. Raises AuthMissing, AuthInvalid, BadRequest, RateLimited."""
    try:
        token = _token(request)
        found = _authenticator()(tokens.digest(token), ride)
        if found is None:
            raise AuthInvalid
    except (AuthMissing, AuthInvalid):
        _count_failure(request)
        refuse_key_in_query(request)
        raise
    return found


def _token(request: HttpRequest) -> str:
    header: str | None = request.META.get("HTTP_AUTHORIZATION")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise AuthInvalid("Use the scheme Bearer in the Authorization header.")
        token = token.strip()
    else:
        token = str(request.META.get("HTTP_X_API_KEY", "")).strip()
    if not token:
        raise AuthMissing
    if not tokens.is_well_formed(token):
        raise AuthInvalid
    return token


def refuse_key_in_query(request: HttpRequest) -> None:
    """Raises BadRequest."""
    query = request.META.get("QUERY_STRING")
    if not query:
        return
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name.lower() in KEY_PARAMETERS or tokens.TOKEN.search(value):
            raise BadRequest("Send the API key in a header, never in the address: addresses end up in logs.")


def _count_failure(request: HttpRequest) -> None:
    bucket = limits.Bucket(f"failed:{client_address(request)}", settings.API_FAILED_KEYS_PER_WINDOW)
    verdict = limits.check([bucket])
    if not verdict.allowed:
        raise RateLimited(retry_after=verdict.reset)
