"""Every provider that speaks the sms-activate protocol, behind one set of words."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import TypeVar

from catalog.upstream.dialects import DIALECTS
from catalog.upstream.errors import AccountTrouble, NotSupported, Rejected, Unavailable, Unclear, UpstreamError
from catalog.upstream.parsing import catalogue, following, lists
from catalog.upstream.parsing.purchase import parse_purchase
from catalog.upstream.parsing.wire import RATE_LIMIT
from catalog.upstream.transport import TOTAL_SECONDS, Reply, Transport
from catalog.upstream.types import (
    Activation,
    ActiveActivation,
    Budget,
    CallClass,
    CountryRow,
    Guard,
    HistoryRow,
    OfferRow,
    ServiceRow,
    Status,
)

T = TypeVar("T")
Row = TypeVar("Row", ActiveActivation, HistoryRow)
Parser = Callable[[bytes, int], T]

# Seconds that a call of each class may wait for its turn.
WAITS = {
    CallClass.PURCHASE: 3.0,
    CallClass.CANCEL: 1.0,
    CallClass.NEXT_SMS: 1.0,
    CallClass.POLL: 0.0,
    CallClass.SWEEP: 5.0,
    CallClass.CATALOGUE: 5.0,
}
# What changes something there goes over a connection of its own: a kept one may be dead unnoticed, and nothing
# is sent twice.
_CHANGES = frozenset({CallClass.PURCHASE, CallClass.CANCEL, CallClass.NEXT_SMS})
_PAUSE_SECONDS = 5.0
_MAX_PAUSE_SECONDS = 60.0
_MAX_PAGES = 500
PROOF_SECONDS = 2.0
_HISTORY_PAGE = 100
_NO_BUDGET = "NO_BUDGET"


class SmsActivate:
    """One account at one provider. Thread-safe. Every method raises an UpstreamError.

    dialect: a name in DIALECTS. base_url: the host's root or the address of its script.
    budget: None for no limit. Raises ValueError where dialect or address cannot be.
    """

    def __init__(
        self, dialect: str, base_url: str, api_key: str, budget: Budget | None = None, guard: Guard | None = None
    ) -> None:
        if dialect not in DIALECTS:
            raise ValueError(f"no such dialect: {dialect}")
        self._dialect = DIALECTS[dialect]
        self.can_list = self._dialect.page_size > 0
        self.has_history = self._dialect.has_history
        self._transport = Transport(base_url, api_key)
        self._key = api_key
        self._budget = budget
        self._guard = guard
        self._status_v2 = self._dialect.status_v2
        self._status_v2_seen = False

    def buy(self, service: str, country: int, max_cost: Decimal | None) -> Activation:
        """One request, never repeated. max_cost: the most to pay, in the provider's currency.

        Rejected and its children: certainly not sold. Unclear: perhaps sold.
        """
        action = "getNumberV2" if self._dialect.number_v2 else "getNumber"
        cap = {} if max_cost is None else {"maxPrice": f"{max_cost:f}"}
        wish = {"service": service, "country": str(country), **cap}
        return self._ask(CallClass.PURCHASE, parse_purchase, action, wish)

    def status(self, activation_id: str, *, timeout: float | None = None) -> Status:
        """What the provider tells now; GONE where it does not know the id.

        After `next_sms` the JSON form shows the old SMS until the next one comes, and so says RECEIVED with
        that same SMS: tell them apart by key. timeout: seconds for everything, 8 at most.
        """
        wish = {"id": activation_id}
        if self._status_v2:
            try:
                status = self._ask(CallClass.POLL, following.parse_status_v2, "getStatusV2", wish, timeout)
            except NotSupported:
                self._forgo_status_v2()
            else:
                self._status_v2_seen = True
                return status
        return self._ask(CallClass.POLL, following.parse_status, "getStatus", wish, timeout)

    def _forgo_status_v2(self) -> None:
        """The two forms give one SMS two keys, so an adapter that has seen one form stays with it."""
        if self._status_v2_seen:
            raise Unclear("BAD_ACTION")
        self._status_v2 = False

    def active(self) -> Iterable[ActiveActivation]:
        """All open activations, page by page. Raises Unclear, perhaps late, where the list is not whole."""
        size = self._dialect.page_size
        if not size:
            raise NotSupported("NO_LIST")

        def page(start: int) -> list[ActiveActivation]:
            wish = {"start": str(start), "limit": str(size)}
            return self._ask(CallClass.SWEEP, lists.parse_active, "getActiveActivations", wish)

        return _all_pages(page, size, ends_short=True)

    def history(self, since: datetime, until: datetime) -> list[HistoryRow]:
        """What was bought between two moments. Raises Unclear where the list is not whole.

        A short page does not end it: providers do not always obey the size that is asked for.
        """
        if not self.has_history:
            raise NotSupported("NO_HISTORY")
        moments = {"start": str(int(since.timestamp())), "end": str(ceil(until.timestamp()))}

        def page(offset: int) -> list[HistoryRow]:
            wish = {**moments, "offset": str(offset), "size": str(_HISTORY_PAGE)}
            return self._ask(CallClass.SWEEP, lists.parse_history, "getHistory", wish)

        return list(_all_pages(page, _HISTORY_PAGE, ends_short=False))

    def next_sms(self, activation_id: str) -> None:
        """Ask for another SMS. After an Unclear read the status before asking again."""
        self._set_status(CallClass.NEXT_SMS, activation_id, "3", following.RETRY)

    def cancel(self, activation_id: str, *, timeout: float | None = None) -> None:
        """Give the number back; also fine where it was given back before. May be repeated.

        Raises TooEarly, CodeReceived, WrongState, UnknownActivation, Unavailable, Unclear.
        timeout: seconds for everything, 8 at most.
        """
        self._set_status(CallClass.CANCEL, activation_id, "8", following.CANCELLED, timeout)

    def finish(self, activation_id: str) -> None:
        """Done with it. May be repeated."""
        self._set_status(CallClass.NEXT_SMS, activation_id, "6", following.FINISHED)

    def _set_status(
        self, call: CallClass, activation_id: str, to: str, done: frozenset[str], timeout: float | None = None
    ) -> None:
        self._ask(call, following.parse_done(done), "setStatus", {"id": activation_id, "status": to}, timeout)

    def balance(self) -> Decimal:
        """In the provider's currency."""
        return self._ask(CallClass.CATALOGUE, catalogue.parse_balance, "getBalance", {})

    def countries(self) -> list[CountryRow]:
        return self._ask(CallClass.CATALOGUE, catalogue.parse_countries, "getCountries", {})

    def services(self) -> list[ServiceRow]:
        return self._ask(CallClass.CATALOGUE, catalogue.parse_services, "getServicesList", {})

    def offers(self) -> list[OfferRow]:
        """The whole price list; a pair that it lacks is out of stock."""
        return self._ask(CallClass.CATALOGUE, catalogue.parse_offers, "getPrices", {})

    def _ask(
        self, call: CallClass, parse: Parser[T], action: str, wish: dict[str, str], timeout: float | None = None
    ) -> T:
        try:
            if self._guard is None:
                return self._told(parse, self._send(call, {"action": action, **wish}, timeout))
            return self._ask_guarded(self._guard, call, parse, {"action": action, **wish}, timeout)
        except UpstreamError as error:
            if self._key and self._key in f"{error.token} {error.detail}":
                error.token, error.detail, error.args = "HIDDEN", "", ("HIDDEN",)
            raise

    def _ask_guarded(
        self, guard: Guard, call: CallClass, parse: Parser[T], params: dict[str, str], timeout: float | None
    ) -> T:
        """A provider that did not answer has to show that it does before anything is bought there again."""
        if call is CallClass.PURCHASE and guard.is_on_trial:
            self._prove_alive()
        if guard.holds_back(call):
            raise Unavailable("HELD_BACK", retry_after=_PAUSE_SECONDS)
        with guard.seat(call) as has_seat:
            if not has_seat:
                raise Unavailable("NO_SEAT")
            try:
                answer = self._told(parse, self._send(call, params, timeout))
            except UpstreamError as error:
                _note(guard, error, is_hurried=timeout is not None)
                raise
        guard.succeeded()
        return answer

    def _prove_alive(self) -> None:
        try:
            self._ask(CallClass.CATALOGUE, catalogue.parse_balance, "getBalance", {}, PROOF_SECONDS)
        except UpstreamError as error:
            raise Unavailable(f"STILL_{error.token}"[:60]) from None

    def _send(self, call: CallClass, params: dict[str, str], timeout: float | None) -> Reply:
        began = time.monotonic()
        total = TOTAL_SECONDS if timeout is None else min(timeout, TOTAL_SECONDS)
        wait = WAITS[call] if timeout is None else min(timeout, WAITS[call])
        if self._budget and not self._budget.take(call, wait):
            raise Unavailable(_NO_BUDGET)
        if timeout is not None:
            total -= time.monotonic() - began
        return self._transport.get(params, total=total, fresh=call in _CHANGES)

    def _told(self, parse: Parser[T], reply: Reply) -> T:
        try:
            return parse(reply.body, reply.status)
        except NotSupported as error:
            if self._dialect.hides_faults:
                raise Unclear(error.token) from None
            raise
        except Unavailable as busy:
            if busy.token == RATE_LIMIT:
                busy.retry_after = self._pause(reply.retry_after)
            raise

    def _pause(self, asked: float | None) -> float:
        seconds = min(max(asked or 0.0, _PAUSE_SECONDS), _MAX_PAUSE_SECONDS)
        if self._budget:
            self._budget.pause(seconds)
        return seconds


def _note(guard: Guard, error: UpstreamError, *, is_hurried: bool) -> None:
    """is_hurried: the call had less time than the provider may take, so that its silence says nothing."""
    if isinstance(error, AccountTrouble):
        guard.in_trouble(error.token)
    if is_silence(error):
        if not (is_hurried and error.token.endswith("TIMEOUT")):
            guard.failed()
    elif isinstance(error, Rejected) and error.token != _NO_BUDGET:
        guard.succeeded()


def is_silence(error: UpstreamError) -> bool:
    """The provider did not answer, or with nothing that makes sense."""
    return isinstance(error, Unclear) or error.token.startswith("NO_CONNECTION")


def _all_pages(page: Callable[[int], list[Row]], size: int, *, ends_short: bool) -> Iterator[Row]:
    """ends_short: a page with fewer rows than asked for is the last.

    A server that ignores where we are sends the same rows again. Then all has been seen, unless these are
    exactly as many as asked for.
    """
    seen: set[str] = set()
    start = 0
    for _ in range(_MAX_PAGES):
        rows = page(start)
        new = {row.activation_id: row for row in rows if row.activation_id not in seen}
        seen |= new.keys()
        yield from new.values()
        if rows and not new and len(rows) == size:
            raise Unclear("PAGE_REPEATED")
        if not new or (ends_short and len(rows) < size):
            return
        start += len(rows)
    raise Unclear("TOO_MANY_PAGES")
