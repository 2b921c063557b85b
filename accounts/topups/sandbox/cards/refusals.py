"""Clear answers that are no success, in the form that Stripe publishes: https://docs.stripe.com/api/errors"""

from typing import Any


class Refusal(Exception):
    """param: the name of the parameter at fault, if it is one."""

    def __init__(
        self, status: int, message: str, *, code: str = "", param: str = "", kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(message)
        self.status = status
        told = {"code": code, "message": message, "param": param, "type": kind}
        self.body: dict[str, Any] = {"error": {name: value for name, value in told.items() if value}}


def missing(what: str, id_: str) -> Refusal:
    return Refusal(404, f"No such {what}: '{id_}'", code="resource_missing", param="id")
