import socket
from pathlib import Path

import pytest

from jiema.embedded.errors import CannotStart
from jiema.embedded.options import Options

CHECKOUT = Path("/checkout")


def test_defaults() -> None:
    assert Options.read({}, CHECKOUT) == Options(Path("/checkout/.jiema"), "127.0.0.1", 8000)


def test_the_environment_decides() -> None:
    environ = {"JIEMA_DATA": "/srv/jiema", "HOST": "0.0.0.0", "PORT": "9000"}
    assert Options.read(environ, CHECKOUT) == Options(Path("/srv/jiema"), "0.0.0.0", 9000)


@pytest.mark.parametrize("port", ["80x", "0", "65536", "-1"])
def test_a_port_that_is_none(port: str) -> None:
    with pytest.raises(CannotStart, match=f"^PORT is '{port}': set it to a number from 1 to 65535.$"):
        Options.read({"PORT": port}, CHECKOUT)


def test_a_taken_port_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"^Port {port} is taken by another program: set PORT"):
            Options(CHECKOUT, "127.0.0.1", port).check_address()


def test_an_address_of_another_machine_names_the_setting() -> None:
    with pytest.raises(CannotStart, match=r"^192\.0\.2\.1 is no address of this machine: set HOST"):
        Options(CHECKOUT, "192.0.2.1", 8000).check_address()
