"""What a call to a provider can end in, other than an answer.

On a purchase the class decides about money. `Rejected` and its children: certainly not sold.
`Unclear`: perhaps sold; hold the charge and look for it.
"""

from decimal import Decimal

from catalog.upstream.types import Sms


class UpstreamError(Exception):
    """Base. `token` is the provider's own word: for logs and ops, never for a customer."""

    def __init__(self, token: str = "", detail: str = "") -> None:
        super().__init__(f"{token}: {detail}" if detail else token)
        self.token = token
        self.detail = detail


class Unclear(UpstreamError):
    """No information: timeout after sending, reset, 5xx, HTML, a body cut short, an unheard-of word."""


class Rejected(UpstreamError):
    """The provider certainly did not do it."""


class OutOfStock(Rejected):
    """NO_NUMBERS."""


class NotSold(Rejected):
    """BAD_SERVICE, BAD_COUNTRY: the provider does not sell this pair."""


class PriceMoved(Rejected):
    """WRONG_MAX_PRICE: dearer than the cap that was sent. `least`: the price asked now, if told."""

    def __init__(self, token: str, least: Decimal | None = None) -> None:
        super().__init__(token)
        self.least = least


class Unavailable(Rejected):
    """Nothing was done, whatever was asked: no connection, 429, no budget, too many open.

    retry_after: seconds, where the provider says so.
    """

    def __init__(self, token: str = "", detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(token, detail)
        self.retry_after = retry_after


class AccountTrouble(Unavailable):
    """Our account there is empty, banned, inactive, or its key is dead: ops must act."""


class TooEarly(Rejected):
    """EARLY_CANCEL_DENIED. `retry_after`: seconds, where the provider says so."""

    def __init__(self, token: str = "", retry_after: float | None = None) -> None:
        super().__init__(token)
        self.retry_after = retry_after


class CodeReceived(Rejected):
    """A cancel came too late: an SMS is there. `sms` where the refusal carried it."""

    def __init__(self, token: str = "", sms: tuple[Sms, ...] = ()) -> None:
        super().__init__(token)
        self.sms = sms


class WrongState(Rejected):
    """BAD_STATUS and kin: the activation's state differs from ours; read it again."""


class UnknownActivation(Rejected):
    """NO_ACTIVATION: the provider does not know the id (any more)."""


class NotSupported(Rejected):
    """BAD_ACTION: the dialect lacks this call."""
