"""A PostgreSQL of our own for one measurement, and Django set up on it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django

from jiema.embedded import postgres
from jiema.embedded.program import Child, stop_all, wait_until_up
from jiema.embedded.unprivileged import unprivileged_account


@contextmanager
def scratch_database(name: str) -> Iterator[str]:
    """Its address. Raises CannotStart. When it closes, the server is stopped and the folder is gone."""
    folder = Path(tempfile.mkdtemp(prefix=f"jiema-{name}-"))
    folder.chmod(0o711)
    children: list[Child] = []
    try:
        server, url = postgres.program(folder, folder, unprivileged_account(), fleeting=True)
        children.append(Child(server))
        wait_until_up(children, limit=60)
        yield url
    finally:
        stop_all(children)
        shutil.rmtree(folder, ignore_errors=True)


def open_shop(url: str) -> None:
    """Set Django up on the database: a process does this once."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "jiema.settings",
        "DATABASE_URL": url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "bench",
        "LOG_LEVEL": "WARNING",
        "JIEMA_DATA": "/nonexistent",
    }
    django.setup()
