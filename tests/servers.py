"""One embedded PostgreSQL and one Valkey for a whole test session."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from jiema.embedded import postgres, valkey
from jiema.embedded.program import Child, stop_all, wait_until_up
from jiema.embedded.unprivileged import unprivileged_account


def start() -> dict[str, str]:
    """Start what the environment does not name; returns their addresses. They stop when this process ends.

    With pytest-xdist call it in the controller: its workers inherit the addresses by their environment.
    """
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return {}
    folder = Path(tempfile.mkdtemp(prefix="jiema-tests-"))
    folder.chmod(0o711)
    account = unprivileged_account()
    database, database_url = postgres.program(folder, folder, account, fleeting=True)
    broker, redis_url = valkey.program(folder, folder, account)
    children = [Child(database), Child(broker)]
    atexit.register(_stop, children, folder)
    wait_until_up(children, limit=60)
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url}


def _stop(children: list[Child], folder: Path) -> None:
    stop_all(children)
    shutil.rmtree(folder, ignore_errors=True)
