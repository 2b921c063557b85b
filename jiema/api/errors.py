"""The public error catalogue: every refusal is a class with a stable code, a status and a sentence."""

from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class DomainError(Exception):
    """A refusal that the caller is told.

    message: for people. order_id: set where the refusal left an order behind. retry_after: whole
    seconds, sent as the header. fields of the reply: `ok`, `code`, `message`, and `orderId` where set.
    """

    code: ClassVar[str] = "BAD_REQUEST"
    status: ClassVar[int] = 400
    text: "ClassVar[str | StrPromise]" = _("The request is not valid.")

    def __init__(
        self, message: "str | StrPromise" = "", *, order_id: str | None = None, retry_after: int | None = None
    ) -> None:
        self.message = message or self.text
        self.order_id = order_id
        self.retry_after = retry_after
        super().__init__(self.message)


class PageError(DomainError):
    """A refusal that only the browser's pages and the operators' commands meet: no part of the API."""


def catalogue() -> list[type[DomainError]]:
    """Every class of refusal that /api/v1 may answer with."""
    found: list[type[DomainError]] = []
    pending: list[type[DomainError]] = [DomainError]
    while pending:
        cls = pending.pop()
        if cls is not PageError:
            found.append(cls)
            pending += cls.__subclasses__()
    return found


class BadRequest(DomainError):
    pass


class AuthMissing(DomainError):
    code, status = "AUTH_MISSING", 401
    text = _("Send your API key in the header: Authorization: Bearer jm_…")


class AuthInvalid(DomainError):
    code, status = "AUTH_INVALID", 401
    text = _("This API key is unknown, was revoked, or has expired.")


class Forbidden(DomainError):
    code, status = "FORBIDDEN", 403
    text = _("This account is blocked. Please contact support.")


class ReadOnlyKey(Forbidden):
    text = _("This API key may only read; buying, cancelling and the next SMS need one with the scope trade.")


class WrongAddress(Forbidden):
    text = _("This API key may not be used from this address.")

    def __init__(self, address: str) -> None:
        super().__init__(f"This API key may not be used from the address {address}.")


class NotFound(DomainError):
    code, status = "NOT_FOUND", 404
    text = _("There is nothing here.")


class MethodNotAllowed(DomainError):
    code, status = "METHOD_NOT_ALLOWED", 405
    text = _("This method is not allowed here; see the Allow header.")

    def __init__(self, allowed: list[str]) -> None:
        super().__init__()
        self.allowed = allowed


class TooLarge(DomainError):
    code, status = "TOO_LARGE", 413
    text = _("The body may hold 16 KiB at most.")


class UnsupportedMediaType(DomainError):
    code, status = "UNSUPPORTED_MEDIA_TYPE", 415
    text = _("Send JSON with the header Content-Type: application/json.")


class RateLimited(DomainError):
    code, status = "RATE_LIMITED", 429
    text = _("Too many calls; wait as long as Retry-After says.")


class Internal(DomainError):
    code, status = "INTERNAL", 500
    text = _("Something went wrong on our side. The operators were told; please quote the requestId.")


class Unavailable(DomainError):
    code, status = "UNAVAILABLE", 503
    text = _("The service is not available right now; please try again.")
