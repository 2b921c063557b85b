"""Makes .venv and installs what a lock in requirements/ names: `python3 jiema/embedded/install.py run`.

Runs on the system's Python, before anything is installed: the standard library only.
A stamp in .venv says what is installed, so that the next start costs nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("run", "dev", "bench")  # each holds all of the one before it
OLDEST_PYTHON = (3, 11)


class CannotInstall(Exception):
    """One sentence for whoever sits at the terminal."""


class Installer:
    def __init__(self, root: Path, wanted: str) -> None:
        self.wanted = wanted
        self.locks = root / "requirements"
        self.venv = root / ".venv"
        self.python = self.venv / "bin" / "python"
        self.stamp = self.venv / "installed.json"
        self.unfinished = self.venv / "unfinished"

    def install(self) -> None:
        """Raises CannotInstall. A second one that runs meanwhile waits for the first."""
        with self._lock("run").open() as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if self.is_installed():
                return
            began = time.monotonic()
            self._make_venv()
            self.unfinished.touch()
            self._install_packages()
            self.stamp.write_text(json.dumps(self._state(self.wanted)))
            self.unfinished.unlink()
            say(f"installed in {time.monotonic() - began:.0f} s")

    def is_installed(self) -> bool:
        """Does the stamp name this lock, or one that holds it, as the file is now?"""
        try:
            stamp = json.loads(self.stamp.read_text())
        except (OSError, ValueError):
            return False
        enough = LOCKS[LOCKS.index(self.wanted) :]
        return self.python.exists() and any(stamp == self._state(name) for name in enough)

    def _state(self, name: str) -> dict[str, str]:
        """The place counts too: the programs in .venv/bin name it."""
        digest = hashlib.sha256(self._lock(name).read_bytes()).hexdigest()
        return {"lock": name, "sha256": digest, "venv": str(self.venv)}

    def _lock(self, name: str) -> Path:
        return self.locks / f"{name}.txt"

    def _make_venv(self) -> None:
        """Keep one that works; start over with one that an earlier kill or move has spoiled."""
        works = self.python.exists() and not self.unfinished.exists() and not self._has_moved()
        if works and self._run(str(self.python), "-m", "pip", "--version", quiet=True)[0]:
            return
        if not importlib.util.find_spec("venv") or not importlib.util.find_spec("ensurepip"):
            raise CannotInstall(
                "this Python comes without venv and pip: install them "
                "(on Debian and Ubuntu: apt install python3-venv) and try again."
            )
        if self.venv.is_symlink():
            raise CannotInstall(f"{self.venv} is a link, and what it leads to would be emptied: remove the link.")
        say(f"making {self.venv} with Python {'.'.join(map(str, sys.version_info[:3]))}")
        done, output = self._run(sys.executable, "-m", "venv", "--clear", str(self.venv))
        if not done:
            raise self._failure(output)

    def _has_moved(self) -> bool:
        try:
            return bool(json.loads(self.stamp.read_text())["venv"] != str(self.venv))
        except (OSError, ValueError, KeyError):
            return False

    def _install_packages(self) -> None:
        lock = self._lock(self.wanted)
        pip = [str(self.python), "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes"]
        uv = [str(self.python), "-m", "uv", "pip", "install", "--python", str(self.python)]
        count = sum(line[:1].isalnum() for line in lock.read_text().splitlines())
        say(f"installing {count} packages; with a slow line this takes a while")
        has_uv = self._run(*pip, "--quiet", "-r", str(self.locks / "uv.txt"))[0]
        if has_uv and self._run(*uv, "--require-hashes", "-r", str(lock))[0]:
            return
        say("trying once more with pip")
        done, output = self._run(*pip, "--progress-bar", "off", "-r", str(lock))
        if not done:
            raise self._failure(output)

    def _failure(self, output: str) -> CannotInstall:
        if "No space left on device" in output or "Disk quota exceeded" in output:
            return CannotInstall(f"the disk that holds {self.venv} is full: free about 500 MB and try again.")
        if "HASHES" in output:
            return CannotInstall("a package is not the one that requirements/ names; see above.")
        return CannotInstall("the packages could not be fetched: see above, check the network and try again.")

    def _run(self, *argv: str, quiet: bool = False) -> tuple[bool, str]:
        """Run it, showing its output as it comes; returns whether it succeeded, and the output."""
        env = {"UV_SYSTEM_CERTS": "1", **os.environ, "PYTHONUNBUFFERED": "1"}
        output = []
        with subprocess.Popen(  # noqa: S603
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                output.append(line)
                if not quiet and _is_progress(line):
                    say(f"  {line.strip()[:100]}")
        return process.returncode == 0, "".join(output)


def _is_progress(line: str) -> bool:
    """Not the lists that uv and pip end with, nor what pip says about a package after its name."""
    chatter = ("+ ", "- ", "~ ", "Requirement already", "Ignoring", "Using cached", "Installing", "Successfully")
    return bool(line.strip()) and not line.strip().startswith(chatter)


def say(text: str) -> None:
    sys.stderr.write(f"jiema: {text}\n")


def main(argv: list[str]) -> int:
    if sys.version_info < OLDEST_PYTHON:
        say(
            f"needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}: "
            "install one, or name it by PYTHON, as in `make run PYTHON=python3.12`."
        )
        return 1
    try:
        Installer(ROOT, argv[1]).install()
    except CannotInstall as error:
        say(str(error))
    except OSError as error:
        say(f"{error.filename or ROOT}: {error.strerror}.")
    except KeyboardInterrupt:
        say("stopped; the next start goes on.")
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
