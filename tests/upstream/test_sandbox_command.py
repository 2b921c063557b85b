import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from catalog.upstream.sandbox.__main__ import main
from catalog.upstream.sandbox.host import first_id_now
from tests.upstream.sandbox_caller import fetch


@contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command on a free port, and its address."""
    command = [sys.executable, "-m", "catalog.upstream.sandbox", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"at (http://127\.0\.0\.1:\d+)/ ", process.stdout.readline())
        assert found is not None
        yield process, found[1]
        process.terminate()
        process.wait(5)


def test_prints_its_address_and_serves():
    with running("--profile", "classic", "--balance", "5", "--key", "k") as (_, origin):
        answer = fetch(f"{origin}/stubs/handler_api.php?api_key=k&action=getBalance")
        assert answer.body == "ACCESS_BALANCE:5.0"


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(kind: signal.Signals):
    with running() as (process, _):
        process.send_signal(kind)
        assert process.wait(5) == 0


def test_a_taken_port_is_one_sentence(capsys: pytest.CaptureFixture[str]):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    expected = f"Port {port} on 127.0.0.1 is taken: choose another with --port.\n"
    assert capsys.readouterr() == ("", expected)


def test_the_clock_can_be_virtual():
    with running("--clock", "virtual") as (_, origin):
        now = fetch(f"{origin}/control/state").json["now"]
        assert fetch(f"{origin}/control/state").json["now"] == now


def test_ids_of_a_later_run_are_higher_numbers_of_11_digits():
    first = first_id_now()
    assert len(str(first)) == 11
    assert first_id_now() >= first
