import json
from typing import Any

from django.http import HttpResponse

from jiema.api.errors import AuthInvalid, AuthMissing, DomainError, MethodNotAllowed

JSON_TYPE = "application/json"


def to_json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def success_body(data_json: bytes) -> bytes:
    """The envelope around data that is JSON already."""
    return b'{"ok":true,"data":' + data_json + b"}"


def success(data: Any) -> HttpResponse:
    return HttpResponse(success_body(to_json(data)), content_type=JSON_TYPE)


def failure_body(error: DomainError, **extra: str) -> bytes:
    body: dict[str, Any] = {"ok": False, "code": error.code, "message": str(error.message)}
    if error.order_id:
        body["orderId"] = error.order_id
    return to_json(body | extra)


def failure(error: DomainError, **extra: str) -> HttpResponse:
    response = HttpResponse(failure_body(error, **extra), content_type=JSON_TYPE, status=error.status)
    if isinstance(error, AuthMissing | AuthInvalid):
        response["WWW-Authenticate"] = "Bearer"
    if isinstance(error, MethodNotAllowed):
        response["Allow"] = ", ".join(error.allowed)
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response
