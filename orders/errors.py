from django.utils.translation import gettext_lazy as _

from jiema.api.errors import BadRequest, DomainError, Forbidden, PageError


class CodeReceived(DomainError):
    code = "CODE_RECEIVED"
    text = _("This number has received an SMS already and can't be cancelled.")


class AlreadyChanged(DomainError):
    code = "ALREADY_CHANGED"
    text = _("The order's status has changed meanwhile; read the order again.")


class NoCodeYet(DomainError):
    code = "NO_CODE_YET"
    text = _("No code has arrived yet, so there is no next one to wait for.")


class Expired(DomainError):
    code = "EXPIRED"
    text = _("The number's active time is over.")


class PriceChanged(DomainError):
    code = "PRICE_CHANGED"
    text = _("The price is now above the maximum that you sent; nothing was charged.")


class ServiceNotAllowed(Forbidden):
    text = _("This API key may not buy this service.")


class OverDailyCap(Forbidden):
    text = _("This API key has reached its daily spending cap; nothing was charged.")


class UpstreamUnavailable(DomainError):
    code, status = "UPSTREAM_UNAVAILABLE", 503
    text = _("Numbers can't be bought right now; nothing was charged. Please try again.")


class OutcomeUnknown(DomainError):
    code, status = "OUTCOME_UNKNOWN", 503
    text = _(
        "It is not known yet whether the number was bought. The order is held and settles by itself within "
        "minutes. Do not repeat this call without the same Idempotency-Key."
    )


class IdempotencyMismatch(DomainError):
    code = "IDEMPOTENCY_MISMATCH"
    text = _("This Idempotency-Key was used for another request.")


class InProgress(DomainError):
    code, status = "IN_PROGRESS", 409
    text = _("The first request with this Idempotency-Key is still running.")


class NotCompleted(PageError):
    text = "Only the price of a completed order can be paid back; the others are refunded by themselves."


class PaidBack(PageError):
    text = "The price of this order was paid back already."


class StraySettled(PageError):
    text = "This activation is settled already."


class StrayNotGivenBack(PageError):
    text = "The provider did not take it back."


class BadCursor(BadRequest):
    text = "cursor: not the nextCursor of a page of yours."
