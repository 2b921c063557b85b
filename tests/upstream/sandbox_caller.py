"""A client of a few lines, so that tests see the wire as it is."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from catalog.upstream.sandbox import Sandbox

FIRST_ID = 4_000_000_001
TELEGRAM_INDONESIA = {"service": "tg", "country": 6}


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    content_type: str | None

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(sandbox: Sandbox, action: str, *, method: str = "GET", key: str = "sandbox", **params: Any) -> Answer:
    query = urlencode({"api_key": key, "action": action, **params})
    return fetch(Request(f"{sandbox.url}?{query}", method=method))


def control(sandbox: Sandbox, knob: str, **told: Any) -> Answer:
    return fetch(Request(f"{sandbox.origin}/control/{knob}", json.dumps(told).encode()))


def fetch(request: Request | str, timeout: float = 5) -> Answer:
    try:
        with urlopen(request, timeout=timeout) as reply:
            return Answer(reply.status, reply.read().decode(), reply.headers["Content-Type"])
    except HTTPError as error:
        with error:
            return Answer(error.code, error.read().decode(), error.headers["Content-Type"])
