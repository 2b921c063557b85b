"""Each test says what holds for root and what for a normal user; whoever runs it sees one of the two."""

import os
import pwd
from pathlib import Path

import pytest

from jiema.embedded import unprivileged
from jiema.embedded.unprivileged import can_run, home_for, unprivileged_account, within_reach

ROOT = os.geteuid() == 0


@pytest.fixture
def shut(home: Path) -> Path:
    """Like a 0700 home: only its owner may enter."""
    folder = home / "shut"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def shelter(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(unprivileged, "SHELTER", home / "shelter")
    return home / "shelter"


def test_root_gives_its_servers_to_nobody() -> None:
    account = unprivileged_account()
    assert (account.uid if account else None) == (pwd.getpwnam("nobody").pw_uid if ROOT else None)


def test_data_stay_where_the_account_can_enter(home: Path) -> None:
    assert home_for(home, unprivileged_account()) == home


def test_data_in_a_shut_home_move_to_the_shelter_and_stay_there(shut: Path, shelter: Path) -> None:
    first = home_for(shut, unprivileged_account())
    assert first.parent == (shelter if ROOT else shut.parent)
    assert home_for(shut, unprivileged_account()) == first


def test_the_shut_home_keeps_its_permissions(shut: Path, shelter: Path) -> None:
    home_for(shut, unprivileged_account())
    assert shut.stat().st_mode & 0o777 == 0o700


def test_a_link_to_a_shelter_that_is_gone_gets_a_new_one(shut: Path, shelter: Path) -> None:
    account = unprivileged_account()
    first = home_for(shut, account)
    if ROOT:
        first.rmdir()
    again = home_for(shut, account)
    assert again.is_dir()
    assert (again != first) is ROOT


def test_a_program_in_a_shut_home_is_copied_with_its_libraries(home: Path, shut: Path) -> None:
    package = shut / "server"
    program = package / "bin" / "server"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    (shut / "server.libs").mkdir()
    (shut / "server.libs" / "library.so").touch(0o600)
    account = unprivileged_account()
    found = within_reach(program, package, home, account)
    assert can_run(account, found, "--version")
    assert (found == program) is not ROOT
    assert (found.parents[2] / "server.libs" / "library.so").exists()
    assert within_reach(program, package, home, account) == found
