"""One POST to an address of a customer's, within a time by the clock. Nothing here knows the database.

The name is resolved once; each address that it has must be public, else nothing is called; the connection goes to an
address that was looked at, while TLS and the header Host keep the name. Redirects are answers like any other. The
environment's proxies are not asked.
"""

import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from http.client import HTTPConnection, HTTPException, HTTPResponse

import certifi
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from catalog.upstream.transport import ClockedResponse
from orders.webhooks.addresses import BadUrl, Target, is_loopback, is_public, parse

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 8.0
ANSWER_BYTES = 4096
ADDRESSES_TRIED = 4
Resolve = Callable[[str, int], list[str]]
Dial = Callable[[str, int, float], socket.socket]


class Trouble(TextChoices):
    """Why a try got no answer."""

    ADDRESS = "address", _("The name leads to an address that is not public.")
    NO_NAME = "name", _("The name was not found.")
    NO_CONNECTION = "connection", _("No connection could be made.")
    TLS = "tls", _("TLS failed: the certificate has to be valid for this name.")
    TIMEOUT = "timeout", _("There was no answer within 8 seconds.")
    BROKEN = "broken", _("The connection broke, or the answer was not HTTP.")
    SECRET = "secret", _("The secret can't be read any more. Replace it.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """status: of the answer; None where there was none, then trouble says why. answer: its first bytes as text."""

    status: int | None
    trouble: Trouble | None = None
    answer: str = ""
    took_ms: int = 0

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Failed(Exception):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_how, address in found]


def dial(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to an IP address. Raises OSError."""
    return socket.create_connection((address, port), timeout=seconds)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


@dataclass(frozen=True, slots=True)
class Line:
    """The way out. is_laptop: this machine may be called, too."""

    is_laptop: bool = False
    resolve: Resolve = resolve
    dial: Dial = dial
    tls: Callable[[], ssl.SSLContext] = _tls

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Never raises for what the other side does."""
        began = time.monotonic()
        try:
            status, answer = self._post(url, headers, body, began + TOTAL_SECONDS)
        except Failed as failure:
            return Outcome(None, failure.trouble, took_ms=_since(began))
        return Outcome(status, answer=answer, took_ms=_since(began))

    def _post(self, url: str, headers: Mapping[str, str], body: bytes, deadline: float) -> tuple[int, str]:
        try:
            target = parse(url, is_laptop=self.is_laptop)
        except BadUrl as error:
            raise Failed(Trouble.ADDRESS) from error
        connection = HTTPConnection(target.host, target.port)
        connection.response_class = partial(ClockedResponse, deadline=deadline)  # type: ignore[assignment]
        try:
            connection.sock = self._connect(target, deadline)
            return _exchange(connection, target, headers, body, deadline)
        finally:
            connection.close()

    def _connect(self, target: Target, deadline: float) -> socket.socket:
        addresses = self._addresses(target)
        ends = min(deadline, time.monotonic() + CONNECT_SECONDS)
        sock = self._dial_one_of(addresses, target.port, ends)
        if target.is_laptop:
            return sock
        try:
            sock.settimeout(_left(deadline))
            return self.tls().wrap_socket(sock, server_hostname=target.host)
        except TimeoutError as error:
            sock.close()
            raise Failed(Trouble.TIMEOUT) from error
        except (OSError, ValueError) as error:
            sock.close()
            raise Failed(Trouble.TLS) from error

    def _addresses(self, target: Target) -> list[str]:
        """All that the name has, and all of them fit to be called."""
        try:
            found = list(dict.fromkeys(self.resolve(target.host, target.port)))
        except (OSError, UnicodeError) as error:
            raise Failed(Trouble.NO_NAME) from error
        if not found:
            raise Failed(Trouble.NO_NAME)
        is_fit = is_loopback if target.is_laptop else is_public
        if not all(map(is_fit, found)):
            raise Failed(Trouble.ADDRESS)
        return found

    def _dial_one_of(self, addresses: list[str], port: int, ends: float) -> socket.socket:
        failure: OSError = TimeoutError()
        for address in addresses[:ADDRESSES_TRIED]:
            try:
                return self.dial(address, port, _left(ends))
            except OSError as error:
                failure = error
        raise Failed(Trouble.NO_CONNECTION) from failure


def _exchange(
    connection: HTTPConnection, target: Target, headers: Mapping[str, str], body: bytes, deadline: float
) -> tuple[int, str]:
    """Status and the beginning of the answer. A status that is there counts, however its body ends."""
    assert connection.sock
    try:
        connection.sock.settimeout(_left(deadline))
        connection.request("POST", target.path, body, {"Host": target.authority, **headers})
        response = connection.getresponse()
    except TimeoutError as error:
        raise Failed(Trouble.TIMEOUT) from error
    except (OSError, HTTPException, ValueError) as error:
        raise Failed(Trouble.BROKEN) from error
    with response:
        return response.status, _text(_beginning(response))


def _beginning(response: HTTPResponse) -> bytes:
    read = b""
    try:
        while len(read) < ANSWER_BYTES and (more := response.read1(ANSWER_BYTES - len(read))):
            read += more
    except (OSError, HTTPException, ValueError):
        pass  # shown as far as it came
    return read


def _text(answer: bytes) -> str:
    """What PostgreSQL can keep and a page can show."""
    return answer.decode("utf-8", "replace").replace("\0", "\ufffd")


def _left(deadline: float) -> float:
    """Seconds. Raises TimeoutError where none are left."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
