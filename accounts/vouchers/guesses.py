"""Wrong codes are counted, of each account and of each address; right ones never are."""

from typing import Any

from django_ratelimit.core import get_usage

from accounts.web import CustomerRequest

RATES = {"user": "10/h", "ip": "60/h"}


def are_too_many(request: CustomerRequest) -> bool:
    return any(used["count"] >= used["limit"] for used in _usages(request, increment=False))


def count(request: CustomerRequest) -> None:
    _usages(request, increment=True)


def _usages(request: CustomerRequest, *, increment: bool) -> list[Any]:
    return [
        get_usage(request, group="voucher guesses", key=key, rate=rate, increment=increment)
        for key, rate in RATES.items()
    ]
