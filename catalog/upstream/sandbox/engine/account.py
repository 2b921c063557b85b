"""The buyer's account at the sandbox, and the rules it sells by. Both may be changed at any time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from catalog.upstream.sandbox.engine.refusals import Refusal

FREE_CANCEL_SECONDS = 1200  # the family's rule: after that an unused number is not taken back at a wish


@dataclass(slots=True)
class Account:
    """key: the one that is accepted; None accepts any that is not empty.

    max_open: how many numbers may be open at once; None is no limit.
    """

    key: str | None = "sandbox"
    key_works: bool = True
    balance: Decimal = Decimal("10000")  # dollars
    banned_until: float | None = None
    max_open: int | None = None

    def check_key(self, key: str) -> None:
        if not key:
            raise Refusal("NO_KEY", field="api_key", code="REQUIRED", message="")
        if not self.key_works or self.key not in (None, key):
            raise Refusal("BAD_KEY")

    def check_may_buy(self, open_now: int, now: float) -> None:
        if self.banned_until is not None and self.banned_until > now:
            raise Refusal("BANNED", until=self.banned_until, seconds=round(self.banned_until - now))
        if self.max_open is not None and open_now >= self.max_open:
            raise Refusal("CHANNELS_LIMIT", current=open_now, allowed=self.max_open)


@dataclass(slots=True)
class Rules:
    """Seconds, all of them.

    grace: how long a number cannot be cancelled after it was bought.
    lifetimes: by service, where it is not `lifetime`.
    refund_delay: between the end of an unused number and its money.
    forget_after: closed numbers are unknown after that; None remembers for ever.
    drift: what is charged, as a multiple of what is listed.
    """

    grace: float = 120
    lifetime: float = 1200
    lifetimes: Mapping[str, float] = field(default_factory=dict)
    refund_delay: float = 0
    forget_after: float | None = None
    drift: Decimal = Decimal(1)
