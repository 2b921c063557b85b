"""Starting child processes that never outlive us, and finding them ports to listen on."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from jiema.embedded.errors import CannotStart
from jiema.embedded.unprivileged import Account

PR_SET_PDEATHSIG = 1
# Below every system's range for outgoing connections, so that a port stays free while its server restarts.
PORTS = range(20_000, 32_000)


def start(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    output: int,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own; it gets `death_signal` when we die, even by kill -9.

    output: a file descriptor for what it prints. account: whom to run it as; None is ourselves.
    Call from the main thread only: the kernel ties the child to the thread that started it.
    """
    try:
        return subprocess.Popen(  # noqa: S603
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
            preexec_fn=_die_with_parent(death_signal),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except FileNotFoundError as error:
        raise CannotStart(f"{error.filename} is missing: `make run` installs what jiema needs.") from error


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    parent, libc = os.getpid(), ctypes.CDLL(None)

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return tie


def die_with_our_parent(death_signal: signal.Signals) -> None:
    """The same for ourselves."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)


def kill_group(pid: int) -> None:
    """Kill whatever the child `pid` has left in its process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on."""
    for port in random.sample(PORTS, 200):
        if can_listen("127.0.0.1", port):
            return port
    raise CannotStart("No free port on 127.0.0.1 between 20000 and 32000.")


def can_listen(host: str, port: int) -> bool:
    try:
        listen(host, port)
    except OSError:
        return False
    return True


def listen(host: str, port: int) -> None:
    """Try the address once. Raises OSError, whose errno says what stands in the way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        probe.listen(1)


def is_listening(port: int, host: str = "127.0.0.1") -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
