import os
import pwd
import signal
from pathlib import Path

import psycopg
import pytest

from jiema.embedded import postgres
from jiema.embedded.errors import CannotStart
from jiema.embedded.unprivileged import unprivileged_account
from tests.embedded.conftest import Launch, is_running


def launched(home: Path, launch: Launch, *, fleeting: bool = True) -> tuple[str, int]:
    """Its URL and pid."""
    server, url = postgres.program(home, home, unprivileged_account(), fleeting=fleeting)
    return url, launch(server).process.pid


def test_it_sorts_and_stores_as_utf8(home: Path, launch: Launch) -> None:
    url, _ = launched(home, launch)
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT upper('é'), current_setting('server_encoding')").fetchone()
    assert row == ("É", "UTF8")


def test_data_survive_a_kill(home: Path, launch: Launch) -> None:
    url, pid = launched(home, launch, fleeting=False)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(pid, signal.SIGKILL)
    url, _ = launched(home, launch)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_processes_that_outlive_a_killed_server_are_ended(home: Path, launch: Launch) -> None:
    url, pid = launched(home, launch)
    with psycopg.connect(url, autocommit=True) as connection:
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)  # so that it does not notice
        os.kill(pid, signal.SIGKILL)
        launched(home, launch)
        assert not is_running(backend)


def test_a_lock_file_that_names_a_stranger_is_cleared(home: Path, launch: Launch) -> None:
    server, _ = postgres.program(home, home, unprivileged_account(), fleeting=True)
    (home / "postgres/postmaster.pid").write_text(f"{os.getpid()}\n{home / 'postgres'}\n")
    assert launch(server).is_up()


def test_data_that_a_kill_left_half_made_are_made_anew(home: Path, launch: Launch) -> None:
    (home / "postgres.unfinished").mkdir()
    (home / "postgres.unfinished/PG_VERSION").write_text("18\n")
    url, _ = launched(home, launch)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not (home / "postgres.unfinished").exists()


def test_it_runs_as_nobody_under_root_and_else_as_ourselves(home: Path, launch: Launch) -> None:
    _, pid = launched(home, launch)
    expected = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    assert Path(f"/proc/{pid}").stat().st_uid == expected
    assert (home / "postgres").stat().st_uid == expected


def test_only_its_own_account_may_read_the_data(home: Path) -> None:
    postgres.program(home, home, unprivileged_account(), fleeting=True)
    assert (home / "postgres").stat().st_mode & 0o777 == 0o700


def test_a_server_that_will_not_start_says_why(home: Path, launch: Launch) -> None:
    server, _ = postgres.program(home, home, unprivileged_account(), fleeting=True)
    (home / "postgres/postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(CannotStart, match=r"(?s)postgres failed; the end of .*no_such_setting") as refusal:
        launch(server)
    assert str(home / "postgres.log") in str(refusal.value)


def test_the_applications_role_is_made_once_and_is_nobody_special(home: Path, launch: Launch) -> None:
    owner_url, _ = launched(home, launch)
    url = postgres.application_url(owner_url)
    assert postgres.application_url(owner_url) == url
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT rolname, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user")
        assert row.fetchone() == ("shop", False, False)


def test_a_missing_wheel_names_the_setting(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "find_spec", lambda _name: None)
    with pytest.raises(CannotStart, match="set DATABASE_URL"):
        postgres.program(home, home, None)
