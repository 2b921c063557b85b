import os
import subprocess
import sys
from pathlib import Path

from jiema.embedded import leftovers

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]


def marked(folder: Path) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, leftovers.MARK: str(folder)}
    process = subprocess.Popen(SLEEP, env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_only_what_was_started_for_this_folder_is_ended() -> None:
    with marked(Path("/data/ours")) as ours, marked(Path("/data/ours-too")) as theirs:
        leftovers.kill_marked(Path("/data/ours"))
        assert ours.wait() == -9
        assert theirs.poll() is None
        theirs.kill()


def test_a_shell_in_the_data_folder_is_no_server(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "60"], cwd=tmp_path) as shell:
        leftovers.kill_servers_in(tmp_path)
        assert shell.poll() is None
        shell.kill()
