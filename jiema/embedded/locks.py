"""Checks, offline, that the locks in requirements/ fit pyproject.toml: `python -m jiema.embedded.locks`."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
GROUP_OF = {"run": "embedded", "dev": "dev", "bench": "bench"}
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def faults(root: Path) -> Iterator[str]:
    """What is wrong with the locks, a sentence each."""
    for path in sorted((root / "requirements").iterdir()):
        if "://" in path.read_text():
            yield f"requirements/{path.name} holds an address; names, versions and hashes are enough."
    project = tomllib.loads((root / "pyproject.toml").read_text())
    for name, group in GROUP_OF.items():
        lock = (root / "requirements" / f"{name}.txt").read_text()
        pins = {canonicalize_name(package): version for package, version in PIN.findall(lock)}
        for wanted in _requirements(project, group):
            pin = pins.get(canonicalize_name(wanted.name))
            if pin is None or not wanted.specifier.contains(pin, prereleases=True):
                yield f"requirements/{name}.txt has {wanted.name} {pin}, not {wanted}: run `make lock`."


def _requirements(project: dict[str, Any], group: str) -> Iterator[Requirement]:
    yield from map(Requirement, project["project"]["dependencies"])
    yield from map(Requirement, _members(project["dependency-groups"], group))


def _members(groups: dict[str, Any], group: str) -> Iterator[str]:
    for member in groups[group]:
        if isinstance(member, str):
            yield member
        else:
            yield from _members(groups, member["include-group"])


def main() -> int:
    found = list(faults(ROOT))
    sys.stdout.writelines(f"{fault}\n" for fault in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
