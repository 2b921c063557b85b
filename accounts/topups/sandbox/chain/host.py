"""A whole chain in this process: ledger, server, knobs, page."""

import threading
from collections.abc import Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

from accounts.topups.sandbox.chain.faults import Fault, Faults
from accounts.topups.sandbox.chain.ledger import (
    BLOCK_SECONDS,
    USDT,
    Clock,
    Event,
    Ledger,
    Token,
    VirtualClock,
    made_up_address,
)
from accounts.topups.sandbox.chain.server import Call, Server

_POLL_SECONDS = 0.01  # to a stop
STRANGER = made_up_address("a stranger")


class Chain:
    """`with Chain() as chain:` serves until the end of it.

    api_key: the one that calls must bring; empty lets all in. calls: those made so far.
    """

    def __init__(
        self, *, clock: Clock | None = None, api_key: str = "", host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.ledger = Ledger(clock or VirtualClock())
        self.faults = Faults()
        self.calls: list[Call] = []
        self._api_key = api_key
        self._host = host
        self._port = port
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Raises OSError where the port is taken."""
        self._server = Server((self._host, self._port), self.ledger, self.faults, self.calls, self._api_key)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="chain", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self._port}"

    def send(
        self,
        to: str,
        amount: Decimal | str,
        *,
        token: Token = USDT,
        sender: str = STRANGER,
        kind: str = "Transfer",
        succeeded: bool = True,
    ) -> str:
        """One transfer, or approval, in the newest block -> its transaction."""
        return self.ledger.add([Event(kind, token, sender, to, token.units(amount))], succeeded).txid

    def send_together(self, to: str, amounts: Sequence[tuple[Token, Decimal | str]]) -> str:
        """Several transfers in one transaction."""
        return self.ledger.add(
            [Event("Transfer", token, STRANGER, to, token.units(amount)) for token, amount in amounts]
        ).txid

    def advance(self, blocks: int) -> None:
        """Move a virtual clock."""
        if not isinstance(self.ledger.clock, VirtualClock):
            raise TypeError("the clock is the real one")
        self.ledger.clock.advance(blocks * BLOCK_SECONDS)

    def drop(self, txid: str) -> None:
        self.ledger.drop(txid)

    def fail(self, kind: str, path: str = "/", **more: Any) -> None:
        """Have the next calls go wrong; see faults.py."""
        self.faults.add(Fault(kind, path, **more))
