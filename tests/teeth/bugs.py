"""Planted bugs: each a patch that the tests have to notice.

A patch's head, before its first `---`, says in `Bug:` what goes wrong with it, and in `Tests:` which tests have to
fail. The patches are made against this tree: one that no longer applies is an error, and is made anew.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from unittest.mock import patch

from tests import servers

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = Path(__file__).parent / "bugs"
SOURCES = (
    "manage.py",
    "pyproject.toml",
    "jiema",
    "accounts",
    "orders",
    "catalog",
    "templates",
    "static",
    "docs",
    "tests",
)
SERVERS = ("DATABASE_URL", "REDIS_URL")
# What scales the outer tests or collects their figures is none of the inner ones' concern.
OURS = ("TEETH", "TORTURE_FIGURES")
LIMIT_SECONDS = 240
# Of a test or of what is looked at after it, as the books are; what breaks before a test notices nothing.
NOTICED = re.compile(r"^FAILED |^_+ ERROR at teardown of ", re.MULTILINE)


@dataclass(frozen=True)
class Bug:
    """tests: what pytest is given, and at least one of which has to fail."""

    name: str
    patch: Path
    says: str
    tests: list[str]

    @cached_property
    def is_in_the_tables(self) -> bool:
        return "/migrations/" in self.patch.read_text()


def bugs() -> list[Bug]:
    return [_read(file) for file in sorted(FOLDER.glob("*.patch"))]


def _read(file: Path) -> Bug:
    head = dict(line.split(":", 1) for line in file.read_text().split("\n---")[0].splitlines() if ":" in line)
    return Bug(file.stem, file, head["Bug"].strip(), head["Tests"].split())


def copy_tree(to: Path) -> Path:
    """The sources without what was made from them."""
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__", "chaos", "teeth"))
        else:
            shutil.copy(source, to / name)
    return to


def start_servers() -> dict[str, str]:
    """Of our own: runs that go on beside this one keep their databases."""
    with patch.dict(os.environ):
        for name in SERVERS:
            os.environ.pop(name, None)
        return servers.start()


def applies(bug: Bug, tree: Path, *options: str) -> bool:
    """`git apply` needs no repository, and git is there wherever the project is."""
    command = ["git", "apply", *options, str(bug.patch)]
    environ = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)}
    return subprocess.run(command, cwd=tree, env=environ, capture_output=True, check=False).returncode == 0


@contextmanager
def planted(bug: Bug, tree: Path) -> Iterator[None]:
    if not applies(bug, tree):
        raise ValueError(f"{bug.name}: the patch does not apply")
    try:
        yield
    finally:
        applies(bug, tree, "--reverse")


def is_killed(bug: Bug, tree: Path, addresses: Mapping[str, str]) -> bool:
    """Does a test of it fail? That nothing could be collected, set up or ended in time counts as alive."""
    try:
        with planted(bug, tree):
            done = run_tests(bug.tests, tree, addresses, keeps_tables=not bug.is_in_the_tables)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 1 and NOTICED.search(done.stdout) is not None


def run_tests(
    tests: Sequence[str], tree: Path, addresses: Mapping[str, str], *, keeps_tables: bool = True
) -> subprocess.CompletedProcess[str]:
    """keeps_tables: in the database of the run before, which saves the time of the migrations."""
    argv = [sys.executable, "-m", "pytest", "-n", "0", "-x", "-p", "no:cacheprovider"]
    argv += ["--reuse-db"] if keeps_tables else []
    environ = {name: value for name, value in os.environ.items() if name not in OURS and not name.startswith("PYTEST_")}
    environ |= addresses
    if not keeps_tables:
        environ["DATABASE_URL"] += "_anew"
    return subprocess.run(
        [*argv, *tests], cwd=tree, env=environ, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS
    )
