"""A copy of this process that runs one thing, and stops for good or for a while in the middle of it."""

import os
import pickle
import select
import signal
import socket
import traceback
import warnings
from collections.abc import Callable
from typing import Any, NoReturn

from django.db import connection

from catalog.services import providers
from jiema.api import valkey
from tests.failpoints.arming import Hit, armed_at
from tests.failpoints.replies import Reply, ask

DIED = 71
ENDED = 0
FAILED = 72
PATIENCE = 30
_STOPPED = b"stopped"
_kept: list[Any] = []


class Child:
    """Runs `run` until it passes `hit`. dies: it ends there at once, as by kill -9; else it stops and waits."""

    def __init__(self, run: Callable[[], object], hit: Hit, *, dies: bool) -> None:
        self._line, line_of_child = socket.socketpair()
        with line_of_child:
            self._pid = _fork()
            if self._pid == 0:
                self._line.close()
                _live(run, hit, None if dies else line_of_child)

    def wait_until_it_stops(self) -> None:
        assert self._hear() == _STOPPED

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        assert self._wait() == -signal.SIGKILL

    def go_on(self) -> Reply:
        """Let it run to its end, which must not be a surprise; what its caller is told."""
        self._line.send(b"go")
        told = pickle.loads(self._hear())
        assert self._wait() == ENDED, told
        return told

    def wait_until_it_died(self) -> None:
        assert self._wait() == DIED

    def _hear(self) -> bytes:
        readable, _, _ = select.select([self._line], [], [], PATIENCE)
        assert readable, "the child says nothing"
        return self._line.recv(1_000_000)

    def _wait(self) -> int:
        self._line.close()
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def _fork() -> int:
    with warnings.catch_warnings():
        # The sandbox's threads stay in the parent, and the child asks the sandbox by its socket alone.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _live(run: Callable[[], object], hit: Hit, line: socket.socket | None) -> NoReturn:
    """The child's whole life; nothing of the test runner's may run in it."""
    signal.alarm(2 * PATIENCE)

    def stop() -> None:
        if line is None:
            os._exit(DIED)
        line.send(_STOPPED)
        line.recv(100)

    try:
        _leave_the_parents_lines()
        with armed_at(hit, stop):
            told: object = ask(run)
        code = ENDED
    except BaseException:
        told, code = traceback.format_exc(), FAILED
    if line is not None:
        line.send(pickle.dumps(told))
    os._exit(code)


def _leave_the_parents_lines() -> None:
    """The child opens its own, and ends none of those that it shares with the parent."""
    _kept.append(connection.connection)
    connection.connection = None
    valkey.forget()
    providers._adapter.cache_clear()
