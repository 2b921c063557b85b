"""Signed as Stripe signs (https://docs.stripe.com/webhooks#verify-manually), and sent from a thread of its own."""

import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from accounts.topups.sandbox.cards.shapes import Thing

TIMEOUT = 5.0
PAUSES = (0.5, 2.0, 10.0, 60.0)  # seconds before each further try


def signed(event: Thing, secrets: Sequence[str], at: int) -> tuple[bytes, dict[str, str]]:
    """Body and headers. secrets: a signature by each, as while one replaces another."""
    body = json.dumps(event, indent=2).encode()
    signatures = [hmac.new(secret.encode(), b"%d.%b" % (at, body), hashlib.sha256).hexdigest() for secret in secrets]
    header = ",".join([f"t={at}", *(f"v1={signature}" for signature in signatures)])
    return body, {"content-type": "application/json; charset=utf-8", "stripe-signature": header}


@dataclass
class Parcel:
    """An event on its way. status: of the last try; 0 where there was no answer."""

    event: Thing
    due: float
    tries: int = 0
    status: int = 0


class Post:
    """is_holding: nothing is sent by itself; events wait for `release`, or are delivered by hand."""

    def __init__(self, url: str, sign: Callable[[Thing], tuple[bytes, dict[str, str]]]) -> None:
        self.url = url
        self.is_holding = False
        self.parcels: list[Parcel] = []
        self._held: list[Thing] = []
        self._waiting: list[Parcel] = []
        self._sign = sign
        self._change = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._work, name="cards-post", daemon=True)
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._change:
            self._is_over = True
            self._change.notify_all()
        self._thread.join(TIMEOUT + 1)

    def take(self, event: Thing) -> None:
        """To be sent, now or at the release."""
        if not self.url:
            return
        with self._change:
            if self.is_holding:
                self._held.append(event)
            else:
                self._queue(event)

    def release(self) -> None:
        with self._change:
            self.is_holding = False
            for event in self._held:
                self._queue(event)
            self._held.clear()

    def wait_until_idle(self, limit: float = 10.0) -> None:
        """Until everything was answered well. Raises TimeoutError."""
        with self._change:
            if not self._change.wait_for(lambda: all(p.status // 100 == 2 for p in self.parcels), limit):
                raise TimeoutError(f"not delivered: {[(p.event['type'], p.status) for p in self.parcels]}")

    def deliver(self, event: Thing) -> int:
        """At once, in this thread; the answer's status, 0 where there was none."""
        body, headers = self._sign(event)
        request = urllib.request.Request(self.url, body, headers)  # noqa: S310
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def _queue(self, event: Thing) -> None:
        parcel = Parcel(event, time.monotonic())
        self.parcels.append(parcel)
        self._waiting.append(parcel)
        self._change.notify_all()

    def _work(self) -> None:
        while (parcel := self._next()) is not None:
            status = self.deliver(parcel.event)
            with self._change:
                parcel.tries, parcel.status = parcel.tries + 1, status
                if status // 100 != 2 and parcel.tries <= len(PAUSES):
                    parcel.due = time.monotonic() + PAUSES[parcel.tries - 1]
                    self._waiting.append(parcel)
                self._change.notify_all()

    def _next(self) -> Parcel | None:
        """The one that is due first, once it is."""
        with self._change:
            while not self._is_over:
                parcel = min(self._waiting, key=lambda waiting: waiting.due, default=None)
                left = parcel.due - time.monotonic() if parcel else None
                if parcel and left is not None and left <= 0:
                    self._waiting.remove(parcel)
                    return parcel
                self._change.wait(left)
        return None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **options: object) -> None:
        """A webhook that is sent elsewhere was not taken."""
