"""Keeps children alive, shows what they complain of, and stops them all.

One thread, on purpose: children are tied to the thread that started them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NoReturn

from jiema.embedded import errors
from jiema.embedded.echo import Echo
from jiema.embedded.errors import CannotStart
from jiema.embedded.process import kill_group
from jiema.embedded.program import Child, Program, stop_all, tail

FIRST_PAUSE, LONGEST_PAUSE, CALM = 0.5, 30.0, 60.0  # seconds
Say = Callable[[str], None]


class Keeper:
    """One child that is started again, after a growing pause, whenever it ends."""

    def __init__(self, program: Program, say: Say) -> None:
        self.child = Child(program)
        self._say = say
        self._pause = FIRST_PAUSE
        self._due: float | None = None  # when to start again; None while it runs

    def look(self) -> None:
        if self._due is None and not self.child.is_alive():
            self._plan()
        if self._due is not None and time.monotonic() >= self._due:
            self._start_again()

    def _plan(self) -> None:
        program = self.child.program
        kill_group(self.child.process.pid)
        if time.monotonic() - self.child.started_at > CALM:
            self._pause = FIRST_PAUSE
        self._say(f"{program.name} ended ({self._how()}); starting it again in {self._pause:g} s. {self._why()}")
        self._postpone()

    def _start_again(self) -> None:
        try:
            self.child = Child(self.child.program)
        except (CannotStart, OSError) as error:
            self._say(f"{self.child.program.name} does not start: {error}")
            self._postpone()
        else:
            self._due = None

    def _postpone(self) -> None:
        self._due = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _how(self) -> str:
        code = self.child.process.returncode
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def _why(self) -> str:
        program = self.child.program
        if errors.is_disk_full(program.log, tail(program.log)):
            return str(errors.disk_full(program.log.parent))
        return f"Its log: {program.log}"


class Supervisor:
    """All the children, the ones that were started first at the front."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._keepers: list[Keeper] = []
        self._echoes: list[Echo] = []

    def start(self, program: Program, *, echo: bool = False) -> Child:
        if echo:
            self._echoes.append(Echo(program.name, program.log, self._say))
        self._keepers.append(Keeper(program, self._say))
        return self._keepers[-1].child

    def watch(self) -> NoReturn:
        """Until a KeyboardInterrupt."""
        while True:
            for keeper in self._keepers:
                keeper.look()
            for echo in self._echoes:
                echo.show_new_lines()
            time.sleep(0.2)

    def stop(self) -> None:
        """A KeyboardInterrupt while they stop kills them."""
        children = [keeper.child for keeper in self._keepers]
        try:
            stop_all(children)
        except KeyboardInterrupt:
            for child in children:
                child.finish(patience=0)


def run_step(step: Program) -> list[str]:
    """Run a program to its end and return the lines that it printed. Raises CannotStart if it fails."""
    step.log.unlink(missing_ok=True)
    child = Child(step)
    if child.process.wait() != 0:
        raise errors.from_log(step.name, step.log, tail(step.log))
    return step.log.read_text().splitlines()
