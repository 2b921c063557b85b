"""Showing in the terminal what the children write to their logs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

MAX_LOG = 20 * 2**20  # bytes
ROUTINE = re.compile(r"\[\s*(info|debug)\s*\]|\b(INFO|DEBUG)\b|\"level\": ?\"(info|debug)\"")


class Echo:
    """Follows one log from its present end, and leaves out the lines that only say that all is well.

    The children write to files rather than to us, so that a stopped terminal never blocks the shop.
    """

    def __init__(self, name: str, log: Path, say: Callable[[str], None]) -> None:
        self._name, self._log, self._say = name, log, say
        self._seen = log.stat().st_size if log.exists() else 0

    def show_new_lines(self) -> None:
        for line in self._new_lines():
            if line.strip() and not ROUTINE.search(line[:200]):
                self._say(f"{self._name:>6} | {line}")

    def _new_lines(self) -> list[str]:
        with self._log.open("rb") as file:
            file.seek(self._seen)
            lines, end, _unfinished = file.read().rpartition(b"\n")
        self._seen += len(lines) + len(end)
        if self._seen > MAX_LOG:
            # Its writers append, so they go on at the new beginning.
            self._log.open("wb").close()
            self._seen = 0
        return lines.decode(errors="replace").splitlines()
