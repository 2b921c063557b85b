"""One answer, before it is bytes."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    body: str
    status: int = 200
    is_json: bool = False
    headers: tuple[tuple[str, str], ...] = ()


def as_json(data: object, status: int = 200) -> Reply:
    return Reply(compact(data), status, is_json=True)


def compact(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
