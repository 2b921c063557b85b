from pathlib import Path
from typing import Any

import pytest

from jiema.embedded import install
from jiema.embedded.install import Installer


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """With locks, and a .venv that has a Python."""
    for folder in ("requirements", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("run", "dev", "bench"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")
    (tmp_path / ".venv/bin/python").touch()
    return tmp_path


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would be run, the last two words of each; all of it succeeds."""
    seen: list[str] = []

    def run(_self: Installer, *argv: str, quiet: bool = False) -> tuple[bool, str]:
        seen.append(" ".join(Path(word).name for word in argv[-2:]))
        return True, ""

    monkeypatch.setattr(Installer, "_run", run)
    return seen


def test_the_first_time_installs_uv_and_then_the_lock(checkout: Path, commands: list[str]) -> None:
    Installer(checkout, "run").install()
    assert commands == ["pip --version", "-r uv.txt", "-r run.txt"]


def test_the_second_time_costs_nothing(checkout: Path, commands: list[str]) -> None:
    Installer(checkout, "run").install()
    commands.clear()
    Installer(checkout, "run").install()
    assert commands == []


def test_dev_holds_run_but_not_the_other_way_round(checkout: Path, commands: list[str]) -> None:
    Installer(checkout, "dev").install()
    assert Installer(checkout, "run").is_installed()
    assert not Installer(checkout, "bench").is_installed()


def test_a_changed_lock_is_installed(checkout: Path, commands: list[str]) -> None:
    Installer(checkout, "run").install()
    (checkout / "requirements/run.txt").write_text("run==2\n")
    assert not Installer(checkout, "run").is_installed()


def test_a_moved_checkout_gets_a_new_venv(checkout: Path, commands: list[str]) -> None:
    Installer(checkout, "run").install()
    moved = checkout.rename(checkout.with_name("moved"))
    commands.clear()
    Installer(moved, "run").install()
    assert commands == ["--clear .venv", "-r uv.txt", "-r run.txt"]


def test_somebody_elses_venv_is_never_emptied(checkout: Path, commands: list[str], tmp_path_factory: Any) -> None:
    Installer(checkout, "run").install()
    other = tmp_path_factory.mktemp("other")
    (other / "requirements").symlink_to(checkout / "requirements")
    (other / ".venv").symlink_to(checkout / ".venv")
    commands.clear()
    with pytest.raises(install.CannotInstall, match="is a link"):
        Installer(other, "run").install()
    assert commands == []


def test_an_install_that_was_killed_starts_over(checkout: Path, commands: list[str]) -> None:
    (checkout / ".venv/unfinished").touch()
    Installer(checkout, "run").install()
    assert commands == ["--clear .venv", "-r uv.txt", "-r run.txt"]


def test_a_python_that_is_gone_is_replaced(checkout: Path, commands: list[str]) -> None:
    Installer(checkout, "run").install()
    (checkout / ".venv/bin/python").unlink()
    assert not Installer(checkout, "run").is_installed()


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "not the one that requirements/ names"),
        ("Connection refused", "check the network"),
    ],
)
def test_failures_are_one_sentence(checkout: Path, monkeypatch: pytest.MonkeyPatch, output: str, sentence: str) -> None:
    monkeypatch.setattr(Installer, "_run", lambda _self, *argv, quiet=False: ("pip --version" in argv, output))
    with pytest.raises(install.CannotInstall, match=sentence):
        Installer(checkout, "run").install()


def test_an_old_python_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(install, "OLDEST_PYTHON", (4, 0))
    assert install.main(["install.py", "run"]) == 1
    assert capsys.readouterr().err.startswith("jiema: needs Python 3.11 or newer")


def test_a_python_without_venv_is_told_what_to_install(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / ".venv/bin/python").unlink()
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(install.CannotInstall, match="apt install python3-venv"):
        Installer(checkout, "run").install()
