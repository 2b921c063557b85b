"""Customers who buy as clients do: they repeat what was unclear, and sometimes cancel."""

import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from django.db import connection
from django.http import HttpResponse

from tests.conftest import WISH, Api
from tests.unknown.hours import Gate

CALM = {(200, ""), (503, "OUTCOME_UNKNOWN"), (503, "UPSTREAM_UNAVAILABLE"), (409, "IN_PROGRESS")}
CANCELLED = {(200, ""), (400, "CODE_RECEIVED"), (400, "ALREADY_CHANGED")}


@dataclass
class Journal:
    """What customers were told. phones: by order id. strange: answers that no customer should get."""

    phones: dict[str, str] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    strange: list[bytes] = field(default_factory=list)

    def note(self, reply: HttpResponse, expected: set[tuple[int, str]]) -> Any:
        body = json.loads(reply.content)
        code = body.get("code", "")
        self.answers[code or "OK"] += 1
        if (reply.status_code, code) not in expected:
            self.strange.append(reply.content)
        told = body.get("data") or {}
        if told.get("phone"):
            self.phones[told["id"]] = told["phone"]
        return body


@dataclass
class Buyer:
    """One client with its key. name: makes its Idempotency-Keys its own."""

    name: str
    api: Api
    gate: Gate
    journal: Journal
    chance: Random

    def shop(self, orders: int) -> None:
        try:
            for number in range(orders):
                self._buy_once(f"{self.name}-{number}")
        finally:
            connection.close()

    def _buy_once(self, key: str) -> None:
        body = self._call("/orders", CALM, WISH, Idempotency_Key=key)
        if body.get("code") == "OUTCOME_UNKNOWN" and self.chance.random() < 0.5:
            self._call("/orders", CALM, WISH, Idempotency_Key=key)
        order_id = body.get("orderId") or body.get("data", {}).get("id")
        if body.get("code") != "UPSTREAM_UNAVAILABLE" and self.chance.random() < 0.15:
            self._call(f"/orders/{order_id}/cancel", CANCELLED)

    def _call(self, path: str, expected: set[tuple[int, str]], body: Any = None, **headers: str) -> Any:
        with self.gate.passing():
            return self.journal.note(self.api.post(path, body, **headers), expected)
