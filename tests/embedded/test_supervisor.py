import os
import signal
import time
from pathlib import Path

import pytest

from jiema.embedded import errors
from jiema.embedded.errors import CannotStart
from jiema.embedded.program import Child, stop_all, wait_until_up
from jiema.embedded.supervisor import Keeper, Supervisor, run_step
from tests.embedded.conftest import is_running, script

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"


@pytest.fixture
def said() -> list[str]:
    return []


def look_until_restarted(keeper: Keeper, pid: int) -> None:
    end = time.monotonic() + 10
    while keeper.child.process.pid == pid and time.monotonic() < end:
        keeper.look()
        time.sleep(0.02)


def test_a_killed_child_is_started_again(home: Path, said: list[str]) -> None:
    keeper = Keeper(script(SLEEP, home), said.append)
    pid = keeper.child.process.pid
    os.kill(pid, signal.SIGKILL)
    look_until_restarted(keeper, pid)
    assert is_running(keeper.child.process.pid)
    assert said == [f"script ended (signal 9); starting it again in 0.5 s. Its log: {home / 'script.log'}"]
    stop_all([keeper.child])


def test_the_pause_grows_while_it_keeps_ending(home: Path, said: list[str]) -> None:
    keeper = Keeper(script("raise SystemExit(3)", home), said.append)
    for _ in range(2):
        pid = keeper.child.process.pid
        keeper.child.process.wait()
        look_until_restarted(keeper, pid)
    keeper.child.process.wait()
    keeper.look()
    assert [line.split(". ")[0] for line in said] == [
        "script ended (exit code 3); starting it again in 0.5 s",
        "script ended (exit code 3); starting it again in 1 s",
        "script ended (exit code 3); starting it again in 2 s",
    ]


def test_a_full_disk_is_told_as_the_cause(home: Path, said: list[str]) -> None:
    keeper = Keeper(script("raise SystemExit('write: No space left on device')", home), said.append)
    keeper.child.process.wait()
    keeper.look()
    assert "or set JIEMA_DATA to a folder on another disk." in said[0]


def test_a_full_disk_is_told_though_only_another_log_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "WAL_SEGMENT", 2**62)
    with pytest.raises(CannotStart, match=rf"^The disk that holds {home} is full"):
        run_step(script("raise SystemExit('the server closed the connection')", home))


def test_stopping_kills_what_does_not_heed(home: Path, said: list[str]) -> None:
    supervisor = Supervisor(said.append)
    child = supervisor.start(script(STUBBORN, home))
    wait_until_up([child], limit=10)
    began = time.monotonic()
    supervisor.stop()
    assert child.process.returncode == -signal.SIGKILL
    assert time.monotonic() - began < 2


def test_a_step_returns_what_it_printed(home: Path) -> None:
    assert run_step(script("print('one'); print('two')", home)) == ["one", "two"]


def test_a_failed_step_shows_the_end_of_its_output(home: Path) -> None:
    with pytest.raises(CannotStart, match=r"(?s)^script failed; the end of .*no such table"):
        run_step(script("raise SystemExit('no such table')", home))


def test_what_is_not_up_in_time_is_named(home: Path) -> None:
    child = Child(script("import time; time.sleep(60)", home))
    with pytest.raises(CannotStart, match="script is not ready after 0 s"):
        wait_until_up([child], limit=0.1)
    stop_all([child])
