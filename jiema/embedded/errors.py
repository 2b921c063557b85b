"""What may keep jiema from starting, said to a person."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Sequence
from pathlib import Path

WAL_SEGMENT = 16 * 2**20  # bytes that PostgreSQL takes at a time


class CannotStart(Exception):
    """One sentence for whoever sits at the terminal; it names the setting to change."""


def disk_full(folder: Path) -> CannotStart:
    return CannotStart(
        f"The disk that holds {folder} is full: free some space, or set JIEMA_DATA to a folder on another disk."
    )


def from_os_error(error: OSError, folder: Path) -> CannotStart:
    """What an error met while working in `folder` means to a person."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(folder)
    where, what = error.filename or folder, error.strerror or error
    return CannotStart(f"{where}: {what}. Set JIEMA_DATA to a folder that can be written.")


def from_log(name: str, log: Path, lines: Sequence[str]) -> CannotStart:
    """Why a program ended, from the last lines of its log."""
    if is_disk_full(log, lines):
        return disk_full(log.parent)
    shown = "\n".join(f"  {line}" for line in lines[-12:])
    return CannotStart(f"{name} failed; the end of {log}:\n{shown}")


def is_disk_full(log: Path, lines: Sequence[str]) -> bool:
    """Was that the cause? It may stand in another's log: PostgreSQL stops, and its clients only see it gone."""
    said = any("No space left on device" in line or "Disk quota exceeded" in line for line in lines)
    return said or shutil.disk_usage(log.parent).free < WAL_SEGMENT
