"""A whole shop of real processes in a temporary folder, with proxies before its provider and its database."""

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from jiema.embedded import postgres, process, valkey
from jiema.embedded.leftovers import MARK, kill_marked
from jiema.embedded.program import Program
from jiema.embedded.shop import QUIET_WORKER, Shop
from jiema.embedded.unprivileged import unprivileged_account
from tests.torture.client import Person
from tests.torture.crew import Crew
from tests.torture.parts import ROOT
from tests.torture.proxy import Proxy

WEB_WORKERS = 2
NEVER_REACHED = str(10**9)
LIMITS = {f"API_{name}_PER_WINDOW": NEVER_REACHED for name in ("READS", "WRITES", "ORDER_POLLS", "KEY_POLLS")}
GRACE, LIFETIME = 5, 300  # seconds: a number cannot be given back at once, and the first ones end while we look
# Some SMS come before a number may be given back, some after, some never.
HABITS = ("--prices", "60", "--balance", "1000000", "--median", "4", "--never", "0.5", "--seed", "1")
STOCK = (
    ("tg", 7, "0.30", 1_000_000),
    ("wa", 6, "0.55", 1_000_000),
    ("go", 7, "0.12", 1_000_000),
    ("ig", 6, "0.40", 40),
)


@dataclass
class Running:
    """logs: where journals are, too. database_url: past the proxy. port: the shop's."""

    logs: Path
    crew: Crew
    env: dict[str, str]
    database_url: str
    port: int
    sandbox_port: int
    upstream: Proxy
    database: Proxy
    people: list[Person]

    def run(self, *argv: str, may_fail: bool = False) -> str:
        """What a Python program printed in the shop's environment."""
        command = [sys.executable, "-W", "ignore", *argv]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode and not may_fail:
            raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()[-2000:]}")
        return done.stdout

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.database_url, autocommit=True)

    def control(self, knob: str, told: dict[str, Any]) -> None:
        """Turn a knob of the sandbox."""
        connection = http.client.HTTPConnection("127.0.0.1", self.sandbox_port, timeout=10)
        try:
            connection.request("POST", f"/control/{knob}", json.dumps(told))
            answer = json.load(connection.getresponse())
        finally:
            connection.close()
        if not answer["ok"]:
            raise ValueError(answer)

    def _fill(self, cents: Sequence[int]) -> None:
        for service, country, cost, count in STOCK:
            self.control("offers", {"service": service, "country": country, "cost": cost, "count": count})
        wish = json.dumps({"url": self.upstream.url, "grace": GRACE, "cents": list(cents)})
        made = json.loads(self.run("-m", "tests.torture.stock", wish))
        self.people.extend(Person(**person) for person in made)


@contextmanager
def running(cents: Sequence[int], *, proxied_database: bool = False, keep: Path | None = None) -> Iterator[Running]:
    """A shop with a customer for each amount of cents. Raises CannotStart.

    keep: where its logs and journals are copied when it ends; by default to $TORTURE_LOGS, where that is set.
    """
    if keep is None and "TORTURE_LOGS" in os.environ:
        keep = Path(os.environ["TORTURE_LOGS"])
    folder = Path(tempfile.mkdtemp(prefix="jiema-torture-"))
    folder.chmod(0o711)
    (folder / "logs").mkdir()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        if keep:
            stack.callback(shutil.copytree, folder / "logs", keep, dirs_exist_ok=True)
        shop = _start(folder, stack, proxied_database)
        shop._fill(cents)
        shop.crew.wait_until_up()
        yield shop


def _start(folder: Path, stack: ExitStack, proxied_database: bool) -> Running:
    account, logs = unprivileged_account(), folder / "logs"
    database_program, database_url = postgres.program(folder, logs, account)
    valkey_program, redis_url = valkey.program(folder, logs, account)
    port, sandbox_port, database_port = process.free_port(), process.free_port(), urlsplit(database_url).port or 0
    upstream = stack.enter_context(Proxy(sandbox_port, seed=1))
    database = stack.enter_context(Proxy(database_port, seed=2))
    near_url = database_url.replace(f":{database_port}/", f":{database.port}/") if proxied_database else database_url
    env = _environment(folder, near_url, redis_url)
    shop = Shop(ROOT, folder, "127.0.0.1", port, sandbox_port, env)
    crew = Crew()
    stack.callback(kill_marked, folder)
    stack.callback(crew.stop)
    crew.start(database_program, valkey_program, _sandbox(shop))
    crew.wait_until_up()
    made = Running(logs, crew, env, database_url, port, sandbox_port, upstream, database, [])
    made.run("manage.py", "migrate", "--no-input")
    crew.start(_web(shop), shop.worker(), shop.beat())
    return made


def _environment(folder: Path, database_url: str, redis_url: str) -> dict[str, str]:
    """Production's settings, but for limits that nobody reaches."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": QUIET_WORKER,
        "DJANGO_SETTINGS_MODULE": "jiema.settings",
        "JIEMA_DATA": str(folder),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "torture",
        "DEBUG": "0",
        "ALLOWED_HOSTS": "127.0.0.1",
        MARK: str(folder),
        **LIMITS,
    }


def _web(shop: Shop) -> Program:
    web = shop.web()
    argv = list(web.argv)
    argv[argv.index("--workers") + 1] = str(WEB_WORKERS)
    return replace(web, argv=argv)


def _sandbox(shop: Shop) -> Program:
    sandbox = shop.sandbox()
    return replace(sandbox, argv=[*sandbox.argv, *HABITS, "--grace", str(GRACE), "--lifetime", str(LIFETIME)])
