import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from jiema.api.authentication import Caller
from jiema.api.envelope import JSON_TYPE, failure
from jiema.api.errors import BadRequest, DomainError
from jiema.api.views import read_json
from orders.errors import OutcomeUnknown, UpstreamUnavailable
from orders.models import IdempotentCall, Order, Status
from orders.services import idempotency

HEADER = "Idempotency-Key"
VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,255}")


def once(
    request: Request,
    caller: Caller,
    work: Callable[[IdempotentCall | None], bytes],
    settled: Callable[[Order], bytes],
) -> HttpResponse:
    """Run the work, once per Idempotency-Key where the caller sent one.

    work: the reply's bytes; it ties its order to the call. settled: the same bytes, made from the order,
    where the first runner is gone or its outcome was unknown.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return _reply(work(None))
    if not VISIBLE_ASCII.fullmatch(key):
        raise BadRequest(f"{HEADER}: 1 to 255 visible ASCII characters.")
    call = idempotency.start(caller.user_id, key, _fingerprint(request))
    if call.reply is not None:
        return _replayed(_reply(bytes(call.reply)))
    if call.order is not None:
        return _replayed(_settle(call, call.order, settled))
    return _reply(_run(call, work))


def _run(call: IdempotentCall, work: Callable[[IdempotentCall | None], bytes]) -> bytes:
    try:
        reply = work(call)
    except OutcomeUnknown:
        raise
    except DomainError:
        idempotency.forget(call)
        raise
    return idempotency.keep(call, reply)


def _settle(call: IdempotentCall, order: Order, settled: Callable[[Order], bytes]) -> HttpResponse:
    if order.status == Status.WAITING and order.activation_id is None:
        return failure(OutcomeUnknown(order_id=order.pk))
    if order.status == Status.FAILED and order.activation_id is None:
        idempotency.forget(call)
        return failure(UpstreamUnavailable(order_id=order.pk, retry_after=1))
    return _reply(idempotency.keep(call, settled(order)))


def _fingerprint(request: Request) -> bytes:
    parsed: Any = read_json(request)
    canonical = json.dumps([request.method, request.path, parsed], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).digest()


def _reply(body: bytes) -> HttpResponse:
    return HttpResponse(body, content_type=JSON_TYPE)


def _replayed(response: HttpResponse) -> HttpResponse:
    response["Idempotent-Replayed"] = "true"
    return response
