"""Whom the servers run as, and folders that this account can use.

PostgreSQL refuses to run as root. Started by root, the servers run as nobody, who can't enter a 0700 home:
then their data, and a copy of their programs, live in /var/lib/jiema. No permission of the user's is changed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jiema.embedded.errors import CannotStart

SHELTER = Path("/var/lib/jiema")


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """nobody, when we are root; otherwise None: servers run as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise CannotStart(
            "PostgreSQL does not run as root, and there is no user nobody here: start jiema as a normal user."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def can_run(account: Account | None, *argv: str | Path) -> bool:
    """Does this command succeed when run by that account?"""
    try:
        done = subprocess.run(  # noqa: S603
            argv,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except OSError:
        return False
    return done.returncode == 0


def home_for(data: Path, account: Account | None) -> Path:
    """The folder for the servers' data: `data`, or one that the account can enter, linked from there."""
    if account is None or can_run(account, "/bin/sh", "-c", 'cd "$0"', data):
        return data
    link = data / "servers"
    if not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(_shelter())
    return link.resolve()


def _shelter() -> Path:
    try:
        SHELTER.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="data-", dir=SHELTER))
    except OSError as error:
        raise CannotStart(
            "Started by root, the database runs as the user nobody, who can't enter this folder: "
            "set JIEMA_DATA to one that nobody can enter, such as /srv/jiema."
        ) from error
    folder.chmod(0o711)
    return folder


def own_folder(folder: Path, account: Account | None) -> Path:
    """Make `folder` if need be, private to the account."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)
    return folder


def within_reach(program: Path, package: Path, home: Path, account: Account | None) -> Path:
    """`program`, or its copy under `home` where the account can't execute the original.

    package: the folder to copy with it, along with the shared libraries that lie beside it.
    """
    if account is None or can_run(account, program, "--version"):
        return program
    copy = home / "programs" / f"{package.name}-{int(package.stat().st_mtime)}"
    if not copy.exists():
        _copy(package, copy)
    return copy / program.relative_to(package.parent)


def _copy(package: Path, copy: Path) -> None:
    """Copy into place in one step, readable by all: a copy cut short is never mistaken for a whole one."""
    copy.parent.mkdir(mode=0o755, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=copy.parent))
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, unfinished / folder.name, ignore=shutil.ignore_patterns("include"))
    for path in (unfinished, *unfinished.rglob("*")):
        with suppress(FileNotFoundError):
            path.chmod(0o755)
    unfinished.rename(copy)
