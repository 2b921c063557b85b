"""What the environment tells `manage.py up`."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jiema.embedded.errors import CannotStart
from jiema.embedded.process import listen


@dataclass(frozen=True)
class Options:
    data: Path
    host: str
    port: int

    @classmethod
    def read(cls, environ: Mapping[str, str], root: Path) -> Options:
        """JIEMA_DATA is relative to the checkout. Raises CannotStart."""
        return cls(
            data=root / Path(environ.get("JIEMA_DATA") or ".jiema").expanduser(),
            host=environ.get("HOST") or "127.0.0.1",
            port=_port(environ.get("PORT") or "8000"),
        )

    def check_address(self) -> None:
        """Raises CannotStart unless the shop can listen there."""
        try:
            listen(self.host, self.port)
        except OSError as error:
            raise CannotStart(self._why_not(error)) from error

    def _why_not(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return f"Port {self.port} is taken by another program: set PORT to a free one (PORT=8001 make run)."
        if error.errno == errno.EACCES:
            return f"Port {self.port} is for root alone: set PORT to one from 1024 (PORT=8000 make run)."
        return f"{self.host} is no address of this machine: set HOST to one that is, such as 127.0.0.1."


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise CannotStart(f"PORT is {text!r}: set it to a number from 1 to 65535.")
    return int(text)
