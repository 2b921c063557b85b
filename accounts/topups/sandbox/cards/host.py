"""A whole card sandbox in this process: till, server, page, webhooks, and the knobs for tests."""

import copy
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from accounts.topups.sandbox.cards import webhooks
from accounts.topups.sandbox.cards.api import Api
from accounts.topups.sandbox.cards.faults import Fault, Faults
from accounts.topups.sandbox.cards.page import Page
from accounts.topups.sandbox.cards.replays import Replays
from accounts.topups.sandbox.cards.server import Asked, Desk, Server
from accounts.topups.sandbox.cards.shapes import Thing
from accounts.topups.sandbox.cards.till import Till

SECRET = "whsec_sandbox"  # noqa: S105


class CardSandbox:
    """`with CardSandbox(webhook_url=..., secret="whsec_...") as cards:` serves `cards.url` until the end of it.

    webhook_url: where events are sent; empty is nowhere. secret: one, or all that sign while one replaces another.
    public_url: where the customer's browser finds the page, if that is not where we listen.
    key: the secret API key that is accepted; None accepts any test key. clock: Unix seconds.
    Amounts are in the currency's minor unit, as on the wire.
    """

    def __init__(
        self,
        *,
        webhook_url: str = "",
        secret: str | Sequence[str] = SECRET,
        host: str = "127.0.0.1",
        port: int = 0,
        public_url: str = "",
        key: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.secrets = [secret] if isinstance(secret, str) else list(secret)
        self.till = Till(clock)
        self.faults = Faults()
        self.calls: list[Asked] = []
        self.post = webhooks.Post(webhook_url, self.signed)
        self.till.listeners.append(self.post.take)
        self._host, self._port, self._public_url = host, port, public_url.rstrip("/")
        self._clock = clock
        self._is_over = threading.Event()
        self._desk = Desk(
            api=Api(self.till, lambda: self.public_url),
            page=Page(self.till),
            faults=self.faults,
            replays=Replays(),
            calls=self.calls,
            key=key,
            tick=self.till.expire_due,
            is_over=self._is_over,
        )
        self._server: Server | None = None

    def start(self) -> Self:
        """Raises OSError where the address cannot be had."""
        self._server = Server(self._host, self._port, self._desk)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="cards", daemon=True).start()
        self.post.start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._is_over.set()
            self._server.shutdown()
            self._server.server_close()
            self.post.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def public_url(self) -> str:
        return self._public_url or self.url

    @property
    def events(self) -> list[Thing]:
        """All that have happened, the oldest first."""
        return self.till.events

    def thing(self, id_: str) -> Thing:
        """A session, payment intent, charge, refund or dispute as it is now. Raises KeyError."""
        with self.till.turn:
            return copy.deepcopy(self.till.things[id_])

    def pay(self, session: str, *, amount: int | None = None, currency: str | None = None) -> str:
        """All of these return the payment intent. amount, currency: captured, where that is not what was asked."""
        with self.till.turn:
            self.till.pay(session, amount, currency)
            return self._intent_of(session)

    def decline(self, session: str) -> str:
        with self.till.turn:
            self.till.decline(session)
            return self._intent_of(session)

    def pay_async(self, session: str) -> str:
        with self.till.turn:
            self.till.pay_async(session)
            return self._intent_of(session)

    def settle_async(self, session: str, ok: bool) -> str:
        with self.till.turn:
            self.till.settle_async(session, ok)
            return self._intent_of(session)

    def expire(self, session: str) -> None:
        with self.till.turn:
            self.till.expire(session)

    def pay_late(self, session: str) -> str:
        """The session expires, and is paid all the same."""
        with self.till.turn:
            self.till.pay_late(session)
            return self._intent_of(session)

    def pay_twice(self, session: str) -> tuple[str, str]:
        """The second payment is one that the session does not know."""
        with self.till.turn:
            if self.till.get(session, "checkout.session")["status"] == "open":
                self.till.pay(session)
            return self._intent_of(session), str(self.till.pay_again(session)["id"])

    def pay_elsewhere(self, amount: int, currency: str) -> str:
        """A payment that has nothing to do with the shop."""
        with self.till.turn:
            return str(self.till.pay_elsewhere(amount, currency)["id"])

    def dispute(self, payment_ref: str, *, amount: int | None = None, status: str = "needs_response") -> str:
        """amount: None is all. status: warning_needs_response makes it an inquiry. Returns the dispute."""
        with self.till.turn:
            return str(self.till.dispute(payment_ref, amount, status)["id"])

    def close_dispute(self, payment_ref: str, won: bool) -> None:
        """The newest one of this payment."""
        self.change_dispute(payment_ref, "won" if won else "lost")

    def change_dispute(self, payment_ref: str, status: str) -> None:
        with self.till.turn:
            newest = next(one for one in self.till.all("dispute") if one["payment_intent"] == payment_ref)
            self.till.change_dispute(newest["id"], status)

    def refund_by_hand(self, payment_ref: str, amount: int | None = None) -> str:
        """As in the dashboard, without our metadata. amount: None is all that is left. Returns the refund."""
        with self.till.turn:
            return str(self.till.refund(payment_ref, amount, {})["id"])

    def hold_refunds(self) -> None:
        """New refunds stay pending until `settle_refund`."""
        self.till.refunds_wait = True

    def settle_refund(self, refund: str, ok: bool) -> None:
        with self.till.turn:
            self.till.settle_refund(refund, ok)

    def fail(
        self, call: str, kind: str, *, times: int | None = 1, after: bool = False, status: int = 200, body: str = ""
    ) -> None:
        """Have the next calls go wrong; see faults.py. The shop's SDK tries twice."""
        self.faults.add(Fault(call, kind, times, after, status, body))

    def forget_keys(self) -> None:
        """Idempotency keys, as happens a day later."""
        self._desk.replays.clear()

    def hold(self) -> None:
        """Send no webhooks until `release`; `deliver` sends one at once all the same."""
        self.post.is_holding = True

    def release(self) -> None:
        self.post.release()

    def deliver(self, event: Thing) -> int:
        """Send it now, be it for the first time or again; the answer's status, 0 where there was none."""
        return self.post.deliver(event)

    def wait_until_delivered(self, limit: float = 10.0) -> None:
        """Raises TimeoutError."""
        self.post.wait_until_idle(limit)

    def signed(
        self, event: Thing, *, at: float | None = None, secret: str | Sequence[str] | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Body and headers as they are sent. at: Unix seconds. secret: others than ours."""
        secrets = self.secrets if secret is None else [secret] if isinstance(secret, str) else secret
        return webhooks.signed(event, secrets, int(self._clock() if at is None else at))

    def _intent_of(self, session: str) -> str:
        return str(self.till.get(session, "checkout.session")["payment_intent"])
