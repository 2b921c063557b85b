import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jiema.embedded import process
from jiema.embedded.errors import CannotStart, from_os_error
from tests.embedded.conftest import is_running

PARENT = """
import os, sys, time
from pathlib import Path
from jiema.embedded import process
child = process.start([sys.executable, "-c", "import time; time.sleep(60)"], env={}, cwd=Path("/"), output=1)
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_child_dies_with_its_killed_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.kill()
    end = time.monotonic() + 5
    while is_running(child) and time.monotonic() < end:
        time.sleep(0.01)
    assert not is_running(child)


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="no-such-program is missing"):
        process.start(["no-such-program"], env={}, cwd=tmp_path, output=1)


def test_a_free_port_is_outside_the_range_of_outgoing_connections() -> None:
    assert process.free_port() in range(20_000, 32_000)


def test_killing_a_group_reaches_what_the_child_left_behind(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        child = process.start(["/bin/sh", "-c", "sleep 60 & echo $!"], env={}, cwd=tmp_path, output=output.fileno())
    child.wait()
    grandchild = int(log.read_text())
    assert is_running(grandchild)
    process.kill_group(child.pid)
    time.sleep(0.05)
    assert not is_running(grandchild)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (28, "The disk that holds /data is full: free some space, or set JIEMA_DATA to a folder on another disk."),
        (13, "/data: Permission denied. Set JIEMA_DATA to a folder that can be written."),
    ],
)
def test_errors_of_the_disk_name_the_setting(number: int, sentence: str) -> None:
    assert str(from_os_error(OSError(number, os.strerror(number)), Path("/data"))) == sentence


def test_signals_reach_a_child_that_ignores_ctrl_c_of_the_terminal(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as output:
        child = process.start(["/bin/sleep", "60"], env={}, cwd=tmp_path, output=output.fileno())
    assert os.getpgid(child.pid) == child.pid
    child.send_signal(signal.SIGTERM)
    assert child.wait() == -signal.SIGTERM
