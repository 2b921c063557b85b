import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from jiema.embedded.program import Child, Program, stop_all, wait_until_up


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that every account may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="jiema-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


Launch = Callable[[Program], Child]


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Starts a program, waits until it is up, and stops it after the test."""
    children: list[Child] = []

    def started(program: Program) -> Child:
        children.append(Child(program))
        wait_until_up(children[-1:], limit=20)
        return children[-1]

    yield started
    stop_all(children)


def script(code: str, home: Path, name: str = "script") -> Program:
    """A Python program; it is up once it has printed something."""
    log = home / f"{name}.log"
    return Program(
        name, [sys.executable, "-c", code], {}, home, log, is_up=lambda _pid: bool(log.read_text()), patience=0.5
    )


def is_running(pid: int) -> bool:
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
