"""A program that we run as a child: how it is started, known to be up, and stopped."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jiema.embedded import process
from jiema.embedded.errors import CannotStart, from_log
from jiema.embedded.unprivileged import Account


def _nothing() -> None:
    """Most programs need no preparation."""


@dataclass(frozen=True)
class Program:
    """patience: seconds between asking it to stop and killing it.

    is_up is given the pid of the running child. prepare runs before every start, so after a crash too.
    stops_last: others write to it while they stop.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    log: Path
    is_up: Callable[[int], bool]
    prepare: Callable[[], None] = _nothing
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    patience: float = 5.0
    stops_last: bool = False


class Child:
    """A Program that was started; leader of a process group of its own."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.started_at = time.monotonic()
        program.prepare()
        with program.log.open("ab") as log:
            self.process = process.start(
                program.argv,
                env=program.env,
                cwd=program.cwd,
                output=log.fileno(),
                account=program.account,
                death_signal=program.death_signal,
            )

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def is_up(self) -> bool:
        """Raises CannotStart if it has died."""
        if not self.is_alive():
            raise from_log(self.program.name, self.program.log, tail(self.program.log))
        return self.program.is_up(self.process.pid)

    def ask_to_stop(self) -> None:
        if self.is_alive():
            self.process.send_signal(self.program.stop_signal)

    def finish(self, patience: float) -> None:
        """Wait `patience` seconds for it to stop, then kill it and whatever is left of its group."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, patience))
        process.kill_group(self.process.pid)
        self.process.wait()


def stop_all(children: Sequence[Child]) -> None:
    """Stop what writes, then what is written to."""
    _stop_together([child for child in children if not child.program.stops_last])
    _stop_together([child for child in children if child.program.stops_last])


def _stop_together(children: Sequence[Child]) -> None:
    """Ask all at once, then wait for each as long as its patience allows."""
    asked_at = time.monotonic()
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.finish(asked_at + child.program.patience - time.monotonic())


def wait_until_up(children: Sequence[Child], limit: float) -> None:
    """Raises CannotStart if one dies first, or is not up within `limit` seconds."""
    end = time.monotonic() + limit
    waiting = list(children)
    while waiting := [child for child in waiting if not child.is_up()]:
        if time.monotonic() > end:
            program = waiting[0].program
            raise CannotStart(f"{program.name} is not ready after {limit:.0f} s; its log is {program.log}.")
        time.sleep(0.02)


def tail(log: Path, size: int = 4096) -> list[str]:
    """The last lines of a log, at most `size` bytes of them."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - size))
        return file.read().decode(errors="replace").strip().splitlines()
