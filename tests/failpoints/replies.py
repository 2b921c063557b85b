"""What a caller is told, be it by HTTP or by a service."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse

from jiema.api.errors import DomainError

OK = "OK"


class Boom(Exception):
    """A surprise."""


@dataclass(frozen=True)
class Reply:
    """code: OK, or the refusal's. body: compared where two replies have to be the same."""

    code: str
    body: bytes = b""
    order_id: str | None = None


def ask(call: Callable[[], object]) -> Reply:
    """Worker's tasks and services end in the same words as the API."""
    try:
        result = call()
    except DomainError as refusal:
        return Reply(refusal.code, order_id=refusal.order_id)
    except (OperationalError, InterfaceError):
        return Reply("UNAVAILABLE")
    except Boom:
        return Reply("INTERNAL")
    return _read(result) if isinstance(result, HttpResponse) else Reply(OK, repr(result).encode())


def _read(response: HttpResponse) -> Reply:
    body = json.loads(response.content)
    if body["ok"]:
        data = body.get("data") or {}
        return Reply(OK, response.content, data.get("id"))
    return Reply(body["code"], response.content, body.get("orderId"))
