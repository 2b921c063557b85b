"""The whole shop, started as `make run` starts it."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from jiema.embedded.leftovers import MARK
from jiema.embedded.process import free_port
from tests.embedded.conftest import is_running

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass
class Shop:
    process: "subprocess.Popen[str]"
    log: Path
    data: Path
    port: int

    def said(self) -> str:
        return self.log.read_text()

    def wait_for(self, condition: Callable[[], object], limit: float) -> float:
        """Seconds until it holds."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < limit, self.said()
            assert self.process.poll() is None, self.said()
            time.sleep(0.05)
        return time.monotonic() - began

    def wait_until_ready(self, limit: float) -> None:
        self.wait_for(lambda: "jiema is ready" in self.said(), limit)

    def is_healthy(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2):
            return True
        return False

    def parts(self) -> dict[str, int]:
        """The pid of each of the supervisor's children that has begun to run."""
        sandboxes = ("upstream.sandbox", "sandbox.cards", "sandbox.chain")
        words = ("bin/postgres", "valkey-server", *sandboxes, "granian", "worker --", "beat --")
        commands = {pid: command_of(pid) for pid in children_of(self.process.pid)}
        return {word: pid for pid, command in commands.items() for word in words if word in command}

    def published(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in (self.data / "env").read_text().splitlines())

    def leftovers(self) -> list[int]:
        return [pid for pid in all_pids() if is_marked(pid, self.data)]


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def all_pids() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]


def is_marked(pid: int, data: Path) -> bool:
    with suppress(OSError):
        return f"{MARK}={data}".encode() in Path(f"/proc/{pid}/environ").read_bytes() and is_running(pid)
    return False


Start = Callable[[], Shop]


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Start the shop on the same data each time; it is stopped after the test."""
    taken = ("DATABASE_URL", "REDIS_URL", "DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "SITE_URL", "LOG_LEVEL")
    inherited = {name: value for name, value in os.environ.items() if name not in taken}
    started: list[Shop] = []

    def begin() -> Shop:
        port = free_port()
        environment = {"JIEMA_DATA": str(home), "PORT": str(port), "CELERY_CONCURRENCY": "1"}
        environment["DJANGO_SETTINGS_MODULE"] = "jiema.embedded.settings"
        log = home / f"said-{len(started)}"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=CHECKOUT,
                env=inherited | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        started.append(Shop(process, log, home, port))
        return started[-1]

    yield begin
    for shop in started:
        shop.process.terminate()
        shop.process.wait(20)


def test_it_survives_kills_and_stops_when_asked(start: Start) -> None:
    shop = start()
    shop.wait_until_ready(60)
    assert who_works(shop) == {"shop"}
    forget_the_applications_role(shop)
    before = shop.parts()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    shop.wait_for(lambda: len(shop.parts()) == 8 and not set(before.values()) & set(shop.parts().values()), 10)
    shop.wait_for(shop.is_healthy, 15)

    for pid in (shop.process.pid, *shop.parts().values()):
        os.kill(pid, signal.SIGKILL)
    shop.process.wait()

    again = start()
    again.wait_until_ready(15)
    assert again.is_healthy()
    assert password(again) == password(shop)
    assert who_works(again) == {"shop"}

    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(15) == 0
    assert again.leftovers() == []
    assert not (again.data / "env").exists()


def who_works(shop: Shop) -> set[str]:
    """The database roles of web, worker and beat."""
    pids = [pid for word, pid in shop.parts().items() if word in ("granian", "worker --", "beat --")]
    return {role for pid in pids for role in re.findall(r"\0DATABASE_URL=postgres://(\w+)@", environment_of(pid))}


def environment_of(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_text()


def forget_the_applications_role(shop: Shop) -> None:
    """As in data that are older than the role, which can do its work here."""
    with psycopg.connect(shop.published()["DATABASE_URL"]) as application:
        assert application.execute("SELECT count(*) FROM accounts_user").fetchone() == (2,)
    with psycopg.connect(shop.published()["DATABASE_OWNER_URL"]) as owner:
        owner.execute("DROP OWNED BY shop; DROP ROLE shop")


def password(shop: Shop) -> str:
    found = re.search(r"demo user +\S+ +(\S+)", shop.said())
    assert found
    return found[1]


def test_a_second_one_on_the_same_data_is_refused(start: Start) -> None:
    first = start()
    first.wait_for((first.data / "lock").exists, 10)
    second = start()
    assert second.process.wait(10) == 1
    assert re.fullmatch(r"jiema: already running on .* \(process \d+\): stop it first, .*\n", second.said())
