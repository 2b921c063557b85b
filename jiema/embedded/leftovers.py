"""Finding what an earlier start left running after a kill -9 of several processes at once.

Read from /proc, so on Linux only; elsewhere nothing is found.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

MARK = "JIEMA_STARTED_FOR"


def kill_servers_in(folder: Path) -> None:
    """End the PostgreSQL processes whose working folder this is."""
    _end(lambda process: _program(process) == "postgres" and (process / "cwd").readlink() == folder)


def kill_marked(folder: Path) -> None:
    """End the processes whose environment has MARK set to this data folder."""
    wanted = f"{MARK}={folder}".encode()
    _end(lambda process: wanted in (process / "environ").read_bytes().split(b"\0"))


def _end(is_ours: Callable[[Path], bool], patience: float = 1.5) -> None:
    """Let them end by themselves for `patience` seconds, as they do when their parent dies; then kill."""
    end = time.monotonic() + patience
    while found := list(_matching(is_ours)):
        if time.monotonic() > end:
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _matching(is_ours: Callable[[Path], bool]) -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(process.name) != os.getpid() and not _is_zombie(process) and is_ours(process):
                yield int(process.name)


def _program(process: Path) -> str:
    return (process / "comm").read_text().strip()


def _is_zombie(process: Path) -> bool:
    """The state follows the program's name, which stands in parentheses and may itself hold some."""
    return (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
