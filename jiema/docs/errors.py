"""The error catalogue for people: the classes of refusal give codes and statuses, this file the words."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jiema.api.errors import catalogue

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Refusal:
    """One code. statuses: the HTTP statuses that it comes with. meaning: what happened. remedy: what to do."""

    code: str
    statuses: tuple[int, ...]
    meaning: Text
    remedy: Text


WORDS: dict[str, tuple[Text, Text]] = {
    "AUTH_MISSING": (
        _("The call carries no API key."),
        _("Send the key in the Authorization header."),
    ),
    "AUTH_INVALID": (
        _("The key is unknown or mistyped, was revoked or has expired, or the header's scheme is not Bearer."),
        _("Copy the key again, or make a new one. Do not repeat the call unchanged."),
    ),
    "FORBIDDEN": (
        _("The account is blocked or owes a payment that was taken back, or the call is beyond the bounds of its key."),
        _("Read the message. Change the key's bounds, top up what is owed, or write to the shop."),
    ),
    "BAD_REQUEST": (
        _("Something in the request is not valid; the message names the field, header or parameter."),
        _("Correct the request. Repeating it unchanged will not help."),
    ),
    "INSUFFICIENT": (
        _("The balance is lower than the price. Nothing was charged."),
        _("Top up, or choose a cheaper country."),
    ),
    "NO_NUMBERS": (
        _("There is no number for this service and country right now. Nothing stays charged."),
        _("Try another country, or the same one some minutes later."),
    ),
    "BAD_SERVICE": (
        _("The shop does not know this service, or has switched it off."),
        _("Take a code or slug from the list of services."),
    ),
    "BAD_COUNTRY": (
        _("The shop does not know this country, or has switched it off."),
        _("Take an id or slug from the list of countries."),
    ),
    "PRICE_CHANGED": (
        _("The price is above your X-Max-Price-Cents. Nothing was charged."),
        _("Read the prices again and decide anew."),
    ),
    "CODE_RECEIVED": (
        _("The number has received an SMS, so the order can no longer be cancelled."),
        _("Read the order: the SMS is in it."),
    ),
    "ALREADY_CHANGED": (
        _("The order has ended meanwhile, so this step is no longer possible."),
        _("Read the order to see its status."),
    ),
    "NO_CODE_YET": (
        _("The order is still waiting for an SMS, so there is no next one to ask for."),
        _("Keep reading the order until its status is RECEIVED."),
    ),
    "EXPIRED": (
        _("The number's time is over."),
        _("Buy another number."),
    ),
    "IDEMPOTENCY_MISMATCH": (
        _("This Idempotency-Key was used for another request."),
        _("Make a new key for each new wish, and keep it for the repeats of that wish alone."),
    ),
    "NOT_FOUND": (
        _("The path does not exist, or the order does not exist or belongs to another account."),
        _("Check the address and the order's id."),
    ),
    "METHOD_NOT_ALLOWED": (
        _("The path exists, but not with this method."),
        _("Use a method that the Allow header names."),
    ),
    "IN_PROGRESS": (
        _("The first request with this Idempotency-Key is still running."),
        _("Wait a second or two and repeat it with the same key."),
    ),
    "TOO_LARGE": (
        _("The body is larger than 16 KiB."),
        _("Send a smaller body. No call needs one that large."),
    ),
    "UNSUPPORTED_MEDIA_TYPE": (
        _("The body is not marked as JSON."),
        _("Send the header Content-Type: application/json."),
    ),
    "RATE_LIMITED": (
        _("Too many calls within the last minute, or nearly all of the newest orders were cancelled."),
        _("Wait as many seconds as Retry-After says; the next call then passes."),
    ),
    "INTERNAL": (
        _("A fault on the shop's side. Its operators were told."),
        _("Repeat a purchase only with the same Idempotency-Key. If it stays, send the shop the requestId."),
    ),
    "UNAVAILABLE": (
        _("The shop is being worked on, or its database cannot be reached at the moment."),
        _("Repeat the call after Retry-After, a purchase with the same Idempotency-Key."),
    ),
    "UPSTREAM_UNAVAILABLE": (
        _("The supplier of the numbers does not answer or sells nothing right now. Nothing stays charged."),
        _("Repeat the call after Retry-After."),
    ),
    "OUTCOME_UNKNOWN": (
        _("It is not known yet whether the number was bought. Its price is held until that is known."),
        _("Read the order named by orderId, or repeat with the same Idempotency-Key. Never repeat without it."),
    ),
}


def refusals() -> list[Refusal]:
    """Every code that the API answers, by status, then by name."""
    statuses: dict[str, set[int]] = {}
    for cls in catalogue():
        statuses.setdefault(cls.code, set()).add(cls.status)
    found = [Refusal(code, tuple(sorted(known)), *WORDS.get(code, ("", ""))) for code, known in statuses.items()]
    return sorted(found, key=lambda refusal: (refusal.statuses, refusal.code))


def refusals_called(codes: Sequence[str]) -> list[Refusal]:
    """In the given order."""
    known = {refusal.code: refusal for refusal in refusals()}
    return [known[code] for code in codes]
