"""The OpenAPI 3.1 description of /api/v1, made from the views."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.generators import SchemaGenerator

from jiema.api.envelope import JSON_TYPE, to_json
from jiema.api.errors import MethodNotAllowed, catalogue

PREFIX = "/api/v1"


def serve(request: HttpRequest) -> HttpResponse:
    """Needs no key, has no envelope."""
    if request.method != "GET":
        raise MethodNotAllowed(["GET"])
    return HttpResponse(description(), content_type=JSON_TYPE)


@cache
def description() -> bytes:
    """Made once in each process."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return to_json(schema)


def wrap_in_envelope(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Every success is `{"ok": true, "data": …}`; every refusal has the form of `Error`."""
    result["paths"] = {path: item for path, item in result["paths"].items() if path.startswith(PREFIX)}
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Error"] = _error_schema()
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    for item in result["paths"].values():
        for method, operation in item.items():
            if method in ("get", "post"):
                _wrap(operation, is_post=method == "post")
    components["schemas"]["NewOrder"]["additionalProperties"] = False
    return result


def _wrap(operation: dict[str, Any], *, is_post: bool) -> None:
    operation["security"] = [{"bearer": []}, {"header": []}]
    content = operation["responses"]["200"]["content"][JSON_TYPE]
    content["schema"] = {
        "type": "object",
        "required": ["ok", "data"],
        "properties": {"ok": {"const": True}, "data": content["schema"]},
    }
    refusal = {"content": {JSON_TYPE: {"schema": {"$ref": "#/components/schemas/Error"}}}}
    for status in sorted({cls.status for cls in catalogue()} - {405}):
        operation["responses"][str(status)] = {"description": _codes(status), **refusal}
    if is_post:
        operation.setdefault("parameters", []).append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "The same request with the same key gives the first reply; kept for 24 hours.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            }
        )


def _codes(status: int) -> str:
    """The codes; where one code has several reasons, each reason's sentence."""
    classes = [cls for cls in catalogue() if cls.status == status]
    codes = sorted({cls.code for cls in classes})
    if len(codes) == 1:
        return f"{codes[0]}: {' '.join(str(cls.text) for cls in classes)}"
    return ", ".join(codes)


def _error_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["ok", "code", "message"],
        "properties": {
            "ok": {"const": False},
            "code": {"type": "string", "enum": sorted({cls.code for cls in catalogue()})},
            "message": {"type": "string", "description": "For people."},
            "orderId": {"type": "string", "description": "Where the refusal left an order behind."},
            "requestId": {"type": "string", "description": "With INTERNAL: quote it to the operators."},
        },
    }
