"""The file of a backup: pg_dump's archive, and behind its end a seal, by which any change is seen."""

import hashlib
import os
import re
from pathlib import Path

from jiema.backups.tools import BackupError, Tools

SEAL = b"\njiema sha256 "
SEAL_SIZE = len(SEAL) + 32


def check_and_seal(tools: Tools, file: Path) -> str:
    """After pg_dump: all of it can be read, will be known again, and is on the disk. The table of contents."""
    listing = _listing(tools, file)
    _read_all(tools, file)
    _seal(file)
    return listing


def check(tools: Tools, file: Path) -> str:
    """The archive's table of contents. Raises BackupError where the file is not what was once saved.

    By the seal, because pg_restore may run for ever on a damaged archive, or not see the damage.
    """
    if not file.is_file():
        raise BackupError(f"There is no file {file}.")
    seal = _read_seal(file)
    if seal and seal != _digest(file, file.stat().st_size - SEAL_SIZE):
        raise BackupError(f"{file} is damaged: its content is not what was saved.")
    listing = _listing(tools, file)
    if not seal:  # pg_dump's own, or one that was cut off
        _read_all(tools, file)
    return listing


def time_of(listing: str) -> str:
    found = re.search(r"^; Archive created at (.+)$", listing, re.MULTILINE)
    return found[1] if found else "an unknown time"


def _listing(tools: Tools, file: Path) -> str:
    return tools.run("pg_restore", "--list", file.absolute())


def _read_all(tools: Tools, file: Path) -> None:
    """The table of contents comes first, so that it does not tell of an end that is missing."""
    tools.run("pg_restore", f"--file={os.devnull}", file.absolute())


def _seal(file: Path) -> None:
    """Note the content's digest behind its end, where pg_restore does not look, and sync all to the disk."""
    digest = _digest(file, file.stat().st_size)
    with file.open("ab") as archive:
        archive.write(SEAL + digest)
        archive.flush()
        os.fsync(archive.fileno())


def _read_seal(file: Path) -> bytes:
    """The digest that was noted; empty where none was."""
    with file.open("rb") as archive:
        archive.seek(max(0, file.stat().st_size - SEAL_SIZE))
        mark, digest = archive.read(len(SEAL)), archive.read()
    return digest if mark == SEAL else b""


def _digest(file: Path, size: int) -> bytes:
    """Of the first `size` bytes."""
    found = hashlib.sha256()
    with file.open("rb") as archive:
        while block := archive.read(min(size, 1 << 20)):
            found.update(block)
            size -= len(block)
    return found.digest()
