"""The data folder: who holds it, and what it remembers from one start to the next."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from jiema.embedded.errors import CannotStart, disk_full

ROOM_NEEDED = 64 * 2**20  # bytes: a new database with its first write-ahead log


class DataFolder:
    """Held by one supervisor at a time, until `close` or its death. Making it raises CannotStart, OSError."""

    def __init__(self, path: Path) -> None:
        path.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.path = path.resolve()
        self.logs = self.path / "logs"
        self.logs.mkdir(mode=0o700, exist_ok=True)
        if shutil.disk_usage(self.path).free < ROOM_NEEDED:
            raise disk_full(self.path)
        self._lock = self._hold()

    def _hold(self) -> IO[str]:
        lock = (self.path / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read()
            lock.close()
            raise CannotStart(
                f"already running on {self.path} (process {holder}): stop it first, "
                "or set JIEMA_DATA to another folder."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock

    def close(self) -> None:
        (self.path / "env").unlink(missing_ok=True)
        self._lock.close()

    def secret_key(self) -> str:
        """Made at the first start, and the same ever after, so that sign-ins survive a restart."""
        file = self.path / "secret_key"
        if not file.exists():
            self._write_private(file, secrets.token_urlsafe(48))
        return file.read_text()

    def publish(self, env: Mapping[str, str]) -> None:
        """Leave in `env` what another terminal's `manage.py` needs to reach the running shop."""
        self._write_private(self.path / "env", "".join(f"{name}={value}\n" for name, value in env.items()))

    def _write_private(self, file: Path, content: str) -> None:
        unfinished = file.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
            output.write(content)
        unfinished.rename(file)
