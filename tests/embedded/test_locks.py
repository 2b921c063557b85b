import shutil
from pathlib import Path

import pytest

from jiema.embedded.locks import ROOT, faults


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


def test_the_locks_fit(checkout: Path) -> None:
    assert list(faults(checkout)) == []


def test_an_address_in_a_lock(checkout: Path) -> None:
    lock = checkout / "requirements/run.txt"
    lock.write_text("--index-url https://example.com/simple\n" + lock.read_text())
    assert list(faults(checkout)) == ["requirements/run.txt holds an address; names, versions and hashes are enough."]


def test_a_dependency_that_no_lock_has(checkout: Path) -> None:
    project = checkout / "pyproject.toml"
    project.write_text(project.read_text().replace('"celery[redis]>=5.7,<6"', '"celery[redis]>=99"'))
    assert [fault.split(",")[1] for fault in faults(checkout)] == [" not celery[redis]>=99: run `make lock`."] * 3
