"""The endpoints in the order in which a program needs them, and what the OpenAPI description says of each."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jiema import openapi
from jiema.docs.fields import FIELDS, PARAMETERS

Schema = dict[str, Any]


class Limit(Enum):
    """Which of a key's windows a call counts in, and which setting is its size."""

    READ = "API_READS_PER_WINDOW"
    WRITE = "API_WRITES_PER_WINDOW"
    POLL = "API_ORDER_POLLS_PER_WINDOW"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """errors: the codes of its own, beside those that every endpoint answers. tried: what the form on its page sends;
    costs: what a call with a live key does, in words, where it does anything."""

    slug: str
    method: str
    path: str
    limit: Limit
    title: str | Promise
    summary: str | Promise
    tried: str
    errors: Sequence[str] = ()
    body: str = ""
    costs: str | Promise = ""

    @property
    def operation(self) -> Schema:
        found: Schema = description()["paths"][self.path][self.method.lower()]
        return found

    def shown_path(self) -> str:
        return self.path.replace("{order_id}", "{id}")


@dataclass(frozen=True, slots=True)
class Field:
    """kind: as programmers write it, in no language, such as `string | null`. depth: of nesting, from 0."""

    name: str
    kind: str
    text: str | Promise
    depth: int = 0


ENDPOINTS = (
    Endpoint(
        "account",
        "GET",
        "/api/v1/account",
        Limit.READ,
        _("Account"),
        _("Who the key belongs to, and how much is on the balance."),
        "/api/v1/account",
    ),
    Endpoint(
        "services",
        "GET",
        "/api/v1/services",
        Limit.READ,
        _("Services"),
        _("What numbers can be bought for: every service that has numbers in stock."),
        "/api/v1/services",
    ),
    Endpoint(
        "countries",
        "GET",
        "/api/v1/countries",
        Limit.READ,
        _("Countries"),
        _("The countries that numbers come from, with the id that an order takes."),
        "/api/v1/countries",
    ),
    Endpoint(
        "prices",
        "GET",
        "/api/v1/prices",
        Limit.READ,
        _("Prices"),
        _("What one number for a service costs in each country, and how many are in stock."),
        "/api/v1/prices?service=tg",
        ("BAD_SERVICE",),
    ),
    Endpoint(
        "create-order",
        "POST",
        "/api/v1/orders",
        Limit.WRITE,
        _("Buy a number"),
        _("Takes the price from the balance, buys a number, and answers with the order."),
        "/api/v1/orders",
        (
            *("FORBIDDEN", "INSUFFICIENT", "NO_NUMBERS", "BAD_SERVICE", "BAD_COUNTRY", "PRICE_CHANGED"),
            *("IDEMPOTENCY_MISMATCH", "IN_PROGRESS", "UPSTREAM_UNAVAILABLE", "OUTCOME_UNKNOWN"),
        ),
        '{"service": "tg", "country": 7}',
        _("This call spends money: it buys a number from your balance."),
    ),
    Endpoint(
        "get-order",
        "GET",
        "/api/v1/orders/{order_id}",
        Limit.POLL,
        _("Read an order"),
        _("The order as it is now, with every SMS. Ask every 3 to 5 seconds until the code is there."),
        "/api/v1/orders/c…",
        ("NOT_FOUND",),
    ),
    Endpoint(
        "next-sms",
        "POST",
        "/api/v1/orders/{order_id}/next-sms",
        Limit.WRITE,
        _("Next SMS"),
        _("Keeps the number and waits for another SMS, at no charge."),
        "/api/v1/orders/c…/next-sms",
        (
            *("NOT_FOUND", "NO_CODE_YET", "ALREADY_CHANGED", "EXPIRED"),
            *("IDEMPOTENCY_MISMATCH", "IN_PROGRESS", "UPSTREAM_UNAVAILABLE"),
        ),
        "{}",
        _("This call changes the order. It costs nothing."),
    ),
    Endpoint(
        "cancel-order",
        "POST",
        "/api/v1/orders/{order_id}/cancel",
        Limit.WRITE,
        _("Cancel an order"),
        _("Gives a number back that has received no SMS. The whole price returns to the balance."),
        "/api/v1/orders/c…/cancel",
        ("NOT_FOUND", "CODE_RECEIVED", "ALREADY_CHANGED", "IDEMPOTENCY_MISMATCH", "IN_PROGRESS"),
        "{}",
        _("This call changes the order: the number is lost, and its price comes back."),
    ),
    Endpoint(
        "list-orders",
        "GET",
        "/api/v1/orders",
        Limit.READ,
        _("List orders"),
        _("All orders of the account, newest first, a page at a time."),
        "/api/v1/orders?limit=20",
    ),
)


@cache
def description() -> Schema:
    found: Schema = json.loads(openapi.description())
    return found


def parameters(endpoint: Endpoint) -> list[Field]:
    """What the address and the headers take."""
    taken = endpoint.operation.get("parameters", [])
    return [Field(_shown(one), kind(one["schema"]), PARAMETERS.get(one["name"], "")) for one in taken]


def _shown(parameter: Schema) -> str:
    return "id" if parameter["name"] == "order_id" else str(parameter["name"])


def body_fields(endpoint: Endpoint) -> list[Field]:
    content = endpoint.operation.get("requestBody", {}).get("content", {})
    return list(_fields(content["application/json"]["schema"])) if content else []


def reply_fields(endpoint: Endpoint) -> list[Field]:
    """What is in `data`, the fields of lists and objects behind their own."""
    return list(_fields(reply_schema(endpoint)["properties"]["data"]))


def reply_schema(endpoint: Endpoint) -> Schema:
    """Of a success, with its envelope."""
    found: Schema = endpoint.operation["responses"]["200"]["content"]["application/json"]["schema"]
    return found


def _fields(schema: Schema, depth: int = 0) -> Iterator[Field]:
    name, resolved = _resolved(schema)
    for field, inner in resolved.get("properties", {}).items():
        yield Field(field, kind(inner), FIELDS.get(name, {}).get(field, ""), depth)
        yield from _fields(_held(inner), depth + 1)


def _held(schema: Schema) -> Schema:
    """What a list is made of, or what a field holds where it is not null; else itself."""
    schema = schema.get("items", schema)
    return next((form for form in schema.get("oneOf", []) if "$ref" in form), schema)


def _resolved(schema: Schema) -> tuple[str, Schema]:
    """The component's name, and what it says."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return name, description()["components"]["schemas"][name] if name else schema


def kind(schema: Schema) -> str:
    schema = _resolved(schema)[1]
    if "oneOf" in schema:
        return " | ".join(kind(form) for form in schema["oneOf"])
    found = schema.get("type", "object")
    return " | ".join(found) if isinstance(found, list) else str(found)
