"""A purchase by the page's form: however often the form is sent, one order comes of it."""

import hashlib
import json
import time
from dataclasses import dataclass

from jiema.api.errors import DomainError
from orders.errors import InProgress, OutcomeUnknown
from orders.models import IdempotentCall
from orders.services import idempotency
from orders.services.buying import buy_number

# A second click waits so long for the first one's order to be written.
PATIENCE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Wish:
    """nonce: of the page that the form stood on. price_cents: what that page showed."""

    nonce: str
    service: str
    country: int
    price_cents: int

    @property
    def key(self) -> str:
        return f"page:{self.nonce}:{self.service}:{self.country}"

    @property
    def fingerprint(self) -> bytes:
        canonical = json.dumps([self.service, self.country, self.price_cents])
        return hashlib.sha256(canonical.encode()).digest()


def buy_once(user_id: str, wish: Wish) -> str:
    """The order's id, of this purchase or of the one that the same form made before.

    Raises what buy_number raises, but for OutcomeUnknown: such an order is shown and settles by itself.
    """
    call = _claim(user_id, wish)
    if call.order_id:
        return call.order_id
    try:
        return buy_number(user_id, wish.service, str(wish.country), max_price_cents=wish.price_cents, call=call)
    except OutcomeUnknown as held:
        if held.order_id is None:
            raise
        return held.order_id
    except DomainError:
        idempotency.forget(call)
        raise


def _claim(user_id: str, wish: Wish) -> IdempotentCall:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return idempotency.start(user_id, wish.key, wish.fingerprint)
        except InProgress:
            running = IdempotentCall.objects.filter(user_id=user_id, key=wish.key).first()
            if running and running.order_id:
                return running
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)
