"""A customer's connection to the shop, and the journal of the answers that it gave. Standard library only."""

import hashlib
import http.client
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

PATIENCE = 25.0  # seconds: longer than any call takes
LOST = 0  # the status of a call that no answer came to


@dataclass(frozen=True)
class Person:
    """cents: what the wallet held before the first purchase."""

    name: str
    user_id: str
    token: str
    cents: int


@dataclass(frozen=True)
class Reply:
    """status: LOST where the connection failed before the whole answer was here; then `code` says how."""

    status: int
    code: str
    told: dict[str, Any]
    digest: str = ""
    retry_after: str | None = None

    @property
    def order_id(self) -> str | None:
        return (self.told.get("data") or {}).get("id") or self.told.get("orderId")

    @property
    def is_settled(self) -> bool:
        """A repeat with the same key is answered the same, or starts anew."""
        return self.status not in (LOST, 500) and self.code not in ("OUTCOME_UNKNOWN", "IN_PROGRESS", "UNAVAILABLE")


class Line:
    """One customer's connection. It is opened again after a failure, and nothing is sent twice."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._connection: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        try:
            return self._exchange(method, path, body, {**self._headers, **headers})
        except (OSError, http.client.HTTPException, ValueError) as failure:
            self.close()
            return Reply(LOST, type(failure).__name__, {})

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        self._connection.request(method, f"/api/v1{path}", body, headers)
        response = self._connection.getresponse()
        read = response.read()
        if response.getheader("Connection") == "close":
            self.close()
        told = json.loads(read)
        digest, retry_after = hashlib.sha256(read).hexdigest()[:16], response.getheader("Retry-After")
        return Reply(response.status, told.get("code", ""), told, digest, retry_after)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Journal:
    """Every answer, a line of JSON each. Thread-safe."""

    def __init__(self, file: Path) -> None:
        self._lines = file.open("a", buffering=1)
        self._lock = threading.Lock()

    def write(self, **entry: Any) -> None:
        with self._lock:
            self._lines.write(json.dumps(entry) + "\n")

    def close(self) -> None:
        self._lines.close()


def read_journals(folder: Path) -> list[dict[str, Any]]:
    """Of all that was asked of a shop, oldest first."""
    lines = (line for file in folder.glob("*.journal") for line in file.read_text().splitlines())
    return sorted(map(json.loads, lines), key=lambda entry: entry["at"])
