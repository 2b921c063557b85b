"""The parts of the shop that are our own code: sandboxes, web, worker, beat, and steps."""

from __future__ import annotations

import http.client
import ipaddress
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from jiema.embedded import process
from jiema.embedded.leftovers import MARK
from jiema.embedded.program import Program

MAX_WEB_WORKERS = 8  # beyond it the embedded PostgreSQL would run out of connections
# Under root the worker warns at each start; on a laptop's container that is what there is.
QUIET_WORKER = "ignore:You're running the worker with superuser privileges"


@dataclass(frozen=True)
class Shop:
    """root: the checkout. data: the data folder, where logs/ is. env: what every part is told."""

    root: Path
    data: Path
    host: str
    port: int
    sandbox_port: int
    env: Mapping[str, str]
    cards_port: int = 0
    chain_port: int = 0

    def sandbox(self) -> Program:
        port = str(self.sandbox_port)
        command = ("catalog.upstream.sandbox", "--port", port, "--profile", "hero")
        return self._part("sandbox", *command, is_up=lambda _pid: process.is_listening(self.sandbox_port))

    def cards(self) -> Program:
        """Reads in the environment what it signs its webhooks by."""
        webhook = f"{self.env['SITE_URL'].rstrip('/')}/webhooks/sandbox"
        public_url = sandbox_url(self.host, self.env["SITE_URL"], self.cards_port)
        more = ("--webhook", webhook, "--public-url", public_url)
        return self._sandbox("cards", "accounts.topups.sandbox.cards", self.cards_port, *more)

    def chain(self) -> Program:
        return self._sandbox("chain", "accounts.topups.sandbox.chain", self.chain_port)

    def _sandbox(self, name: str, module: str, port: int, *more: str) -> Program:
        """One with pages for the customer's browser, so where the shop itself listens."""
        command = (module, "--host", self.host, "--port", str(port), *more)
        return self._part(name, *command, is_up=lambda _pid: process.is_listening(port, reachable(self.host)))

    def web(self) -> Program:
        command = (
            *("granian", "--interface", "wsgi", "jiema.wsgi:application"),
            *("--host", self.host, "--port", str(self.port)),
            *("--workers", str(min(os.cpu_count() or 1, MAX_WEB_WORKERS)), "--workers-kill-timeout", "5"),
            "--respawn-failed-workers",
            *("--blocking-threads", "4", "--blocking-threads-idle-timeout", "600"),
        )
        return self._part(
            "web", *command, is_up=lambda _pid: is_healthy(self.host, self.port), death_signal=signal.SIGTERM
        )

    def worker(self) -> Program:
        return self._part("worker", "celery", "--quiet", "-A", "jiema", "worker", "--loglevel", "info")

    def beat(self) -> Program:
        schedule = str(self.data / "celerybeat-schedule")
        return self._part("beat", "celery", "-A", "jiema", "beat", "--schedule", schedule, "--pidfile=")

    def has_owner(self) -> bool:
        """Do the tables belong to another role than the application's own?"""
        return bool(self.env.get("DATABASE_OWNER_URL"))

    def role(self) -> str:
        """The application's own."""
        return unquote(urlsplit(self.env["DATABASE_URL"]).username or "")

    def manage(self, *command: str) -> Program:
        """A management command that runs to its end; its output is the whole of its log."""
        return self._manage(command, self.env)

    def manage_as_owner(self, *command: str) -> Program:
        """The same, with all rights on the tables."""
        owner_url = self.env.get("DATABASE_OWNER_URL") or self.env["DATABASE_URL"]
        return self._manage(command, {**self.env, "DATABASE_URL": owner_url})

    def _manage(self, command: Sequence[str], env: Mapping[str, str]) -> Program:
        argv = [sys.executable, "manage.py", *command]
        return Program(command[0], argv, env, self.root, self._log(command[0]), is_up=lambda _pid: False)

    def _part(
        self,
        name: str,
        *module: str,
        is_up: Callable[[int], bool] = lambda _pid: True,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> Program:
        argv = [sys.executable, "-m", *module]
        return Program(name, argv, self.env, self.root, self._log(name), is_up, death_signal=death_signal)

    def _log(self, name: str) -> Path:
        return self.data / "logs" / f"{name}.log"


def environment(base: Mapping[str, str], data: Path, told: Mapping[str, str]) -> dict[str, str]:
    """What the parts see: the caller's environment wins over `told`, but for empty values."""
    given = {name: value for name, value in base.items() if value or name not in told}
    fixed = {"DJANGO_SETTINGS_MODULE": "jiema.settings", MARK: str(data)}
    return {"DEBUG": "1", "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": QUIET_WORKER, **told, **given, **fixed}


def is_healthy(host: str, port: int) -> bool:
    """Does the process answer? Whether it can sell is /readyz."""
    connection = http.client.HTTPConnection(reachable(host), port, timeout=1)
    try:
        connection.request("GET", "/healthz", headers={"Host": f"127.0.0.1:{port}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def reachable(host: str) -> str:
    """Where to call a server that listens on `host`."""
    if not is_everywhere(host):
        return host
    return "::1" if ":" in host else "127.0.0.1"


def sandbox_url(host: str, site_url: str, port: int) -> str:
    """Where a sandbox beside the shop is called, also by a browser that comes from elsewhere."""
    name = reachable(host) if is_loopback(host) else urlsplit(site_url).hostname or reachable(host)
    return f"http://{in_url(name)}:{port}"


def in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Does it stand for this machine alone?"""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_everywhere(host: str) -> bool:
    """Is it the address that stands for all of this machine's?"""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
