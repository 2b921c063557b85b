"""Real processes that are started again whenever they end, and the signals that end them."""

import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from jiema.embedded.errors import CannotStart
from jiema.embedded.process import kill_group
from jiema.embedded.program import Child, Program, stop_all, tail

PAUSE = 0.5  # seconds from an end to the next start, as a supervisor's first
T = TypeVar("T")


class Member:
    """One program. held_until: it is not started again before that, on the monotonic clock."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.child = Child(program)
        self.held_until = 0.0
        self._due: float | None = None

    def look(self) -> None:
        if self.child.is_alive():
            return
        if self._due is None:
            kill_group(self.child.process.pid)
            self._due = max(time.monotonic() + PAUSE, self.held_until)
        elif time.monotonic() >= self._due:
            with suppress(CannotStart, OSError):  # else it is tried again at the next look
                self.child = Child(self.program)
                self._due = None

    @property
    def is_up(self) -> bool:
        return self.child.is_alive() and self.program.is_up(self.child.process.pid)


class Crew:
    """All of them. One thread starts and stops them: the kernel ties a child to the thread that made it."""

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self._wishes: queue.Queue[Callable[[], None]] = queue.Queue()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="crew", daemon=True)
        self._thread.start()

    def start(self, *programs: Program) -> None:
        self._wish(lambda: self._members.update({program.name: Member(program) for program in programs}))

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def leader(self, name: str) -> list[int]:
        """The program's own process, where it lives."""
        child = self._members[name].child
        return [child.process.pid] if child.is_alive() else []

    def children(self, name: str) -> list[int]:
        """The processes that the program started itself, but for Python's own helpers."""
        found = [pid for pid in _processes() if _parent(pid) in self.leader(name)]
        return [pid for pid in found if b"resource_tracker" not in _command(pid)]

    def end(self, name: str, how: signal.Signals = signal.SIGKILL, down: float = 0.0) -> None:
        """down: seconds that it stays away, where that is longer than the usual pause."""
        self._members[name].held_until = time.monotonic() + down
        send(self._members[name].child.process.pid, how)

    def wait_until_up(self, limit: float = 60) -> None:
        """Raises CannotStart."""
        end = time.monotonic() + limit
        while missing := [member for member in self._members.values() if not member.is_up]:
            if time.monotonic() > end:
                program = missing[0].program
                raise CannotStart(f"{program.name} is not up after {limit:.0f} s: {tail(program.log)[-10:]}")
            time.sleep(0.1)

    def _wish(self, wish: Callable[[], T]) -> T:
        answer: Future[T] = Future()

        def grant() -> None:
            try:
                answer.set_result(wish())
            except BaseException as error:
                answer.set_exception(error)

        self._wishes.put(grant)
        return answer.result()

    def _run(self) -> None:
        while not self._over.is_set():
            for member in self._members.values():
                member.look()
            with suppress(queue.Empty):
                self._wishes.get(timeout=0.1)()
        for member in self._members.values():
            send(member.child.process.pid, signal.SIGCONT, whole_group=True)
        stop_all([member.child for member in self._members.values()])


def send(pid: int, how: signal.Signals, *, whole_group: bool = False) -> bool:
    """False where it has ended already."""
    try:
        (os.killpg if whole_group else os.kill)(pid, how)
    except ProcessLookupError:
        return False
    return True


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _parent(pid: int) -> int | None:
    """None where it has ended. The fields follow the program's name, which may hold parentheses itself."""
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state == "Z" else int(parent)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
