"""The part of a page that follows orders by itself: one order with all that is known of it, and the other open ones."""

import re
import secrets
from dataclasses import dataclass

from django.http import HttpRequest, QueryDict

from accounts.wallet.models import Entry
from accounts.wallet.selectors import trail
from catalog.errors import BadCountry, BadService, NoNumbers
from catalog.odds import Window
from catalog.selectors import odds_of, quote
from jiema.api.ids import ID_PATTERN
from orders.models import Order, Status
from orders.screen import Card, Screen
from orders.selectors import WATCHED_AT_MOST, order_for, watched_beside
from orders.services.lifecycle import database_now
from orders.tickets import Ticket, session_key_of
from orders.watching import look

# The code is on the screen within two seconds: half a round trip of waiting, and the fetch.
WAITING_MS, RECEIVED_MS = 1500, 4500


@dataclass(frozen=True, slots=True)
class Again:
    """What the same pair costs now. nonce: the page's, so that its button buys one number however often it is hit."""

    price_cents: int
    nonce: str


@dataclass(frozen=True, slots=True)
class Panel:
    """ticket, mark: what the pulse is asked with. screen: of the page's own order; None where it has none.

    odds: how soon codes came for this offer, while one is waited for; None where too few were bought to tell.
    """

    ticket: str
    mark: str
    screen: Screen | None
    cards: list[Card]
    trail: list[Entry]
    nonce: str
    again: Again | None
    odds: Window | None

    @property
    def shown(self) -> str:
        """Ids of the orders beside the page's own: the page goes on to show them when they are over."""
        return ",".join(card.order.pk for card in self.cards)

    @property
    def every_ms(self) -> int:
        """How often the page asks whether there is something new; 0 where nothing can come any more."""
        states = {card.order.status for card in self.cards}
        if self.screen:
            states.add(self.screen.order.status)
        if Status.WAITING in states:
            return WAITING_MS
        return RECEIVED_MS if Status.RECEIVED in states else 0


def panel_for(request: HttpRequest, user_id: str, order_id: str = "") -> Panel:
    """Raises NotFound. The mark is read first: what changes in between is shown, and asked for once more."""
    session_key = session_key_of(request)
    mark = look(user_id, order_id, session_key).mark
    nonce = _nonce(request.GET)
    order = order_for(user_id, order_id) if order_id else None
    now = database_now()
    return Panel(
        ticket=Ticket(user_id, order_id).write(session_key),
        mark=mark,
        screen=Screen.of(order) if order else None,
        cards=[Card.of(other, now) for other in watched_beside(user_id, order_id, _kept(request.GET))],
        trail=trail(user_id, f"order:{order_id}") if order else [],
        nonce=nonce,
        again=_again(order, nonce) if order else None,
        odds=_odds(order) if order and order.status == Status.WAITING else None,
    )


def _kept(told: QueryDict) -> list[str]:
    """Orders that the page has shown so far."""
    return re.findall(rf"\b{ID_PATTERN}\b", told.get("keep", ""), flags=re.ASCII)[:WATCHED_AT_MOST]


def _nonce(told: QueryDict) -> str:
    """The page keeps its first one."""
    nonce = told.get("nonce", "")
    return nonce if re.fullmatch(r"[0-9a-f]{32}", nonce) else secrets.token_hex(16)


def _again(order: Order, nonce: str) -> Again | None:
    try:
        price = quote(order.service_id, str(order.country_id))
    except (BadService, BadCountry, NoNumbers):
        return None
    return None if price.is_paused else Again(price.price_cents, nonce)


def _odds(order: Order) -> Window | None:
    odds = odds_of(order.provider_id, order.service_id, order.country_id)
    told = [window for window in (odds.day, odds.week) if window.is_tested and window.median_seconds is not None]
    return told[0] if told else None
