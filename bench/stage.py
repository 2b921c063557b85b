"""Everything a run needs, in one temporary folder: PostgreSQL, Valkey and the servers to compare."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from bench.seed import USERS, Contents, create_database
from jiema.api import tokens
from jiema.embedded import postgres, process, valkey
from jiema.embedded.program import Child, Program, stop_all, wait_until_up
from jiema.embedded.shop import Shop
from jiema.embedded.supervisor import run_step
from jiema.embedded.unprivileged import unprivileged_account

ROOT = Path(__file__).resolve().parent.parent
YARDSTICKS = "bench.yardsticks"
WORKERS = 2
NEVER_REACHED = str(10**9)
LIMITS = {f"API_{name}_PER_WINDOW": NEVER_REACHED for name in ("READS", "WRITES", "ORDER_POLLS", "KEY_POLLS")}


@dataclass(frozen=True)
class Contestant:
    """A server under load. pid leads the session of all its processes. targets: what it is asked for."""

    name: str
    address: str
    pid: int
    targets: Path


@dataclass
class Stage:
    """database_url, redis_url: without a database's name."""

    folder: Path
    database_url: str = ""
    redis_url: str = ""
    contestants: dict[str, Contestant] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)

    def start_stores(self) -> None:
        account = unprivileged_account()
        database, database_url = postgres.program(self.folder, self.folder, account, fleeting=True)
        store, redis_url = valkey.program(self.folder, self.folder, account)
        can_count = replace(database, argv=[*database.argv, "--shared_preload_libraries=pg_stat_statements"])
        self.children += [Child(can_count), Child(store)]
        wait_until_up(self.children, limit=60)
        self.redis_url = redis_url.rpartition("/")[0]
        self._demand_password(database_url)

    def _demand_password(self, database_url: str) -> None:
        """As any PostgreSQL that is not a laptop's: who connects for each request pays for it each time."""
        rules = self.folder / "postgres/pg_hba.conf"
        rules.write_text(f"host all bench 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        with psycopg.connect(database_url, autocommit=True) as db:
            db.execute("CREATE ROLE bench SUPERUSER LOGIN PASSWORD 'bench'")
            db.execute("SELECT pg_reload_conf()")
            address = f"{db.info.host}:{db.info.port}"
        self.database_url = f"postgres://bench:bench@{address}"

    def fill(self, orders: int) -> None:
        contents = Contents(orders, [tokens.new_token() for _ in range(USERS)])
        self.make_database("jiema", contents)
        # A key of the typical project's token model has 40 characters.
        self.make_database("typical", Contents(orders, [token[:40] for token in contents.tokens]))

    def make_database(self, name: str, contents: Contents) -> None:
        create_database(self.database_url, name)
        argv = [sys.executable, "-W", "ignore", "-m", "django", "migrate", "--no-input"]
        log = self.folder / f"{name}-migrate.log"
        run_step(Program("migrate", argv, self.environment(name), ROOT, log, is_up=lambda _pid: False))
        contents.fill(f"{self.database_url}/{name}", name, self.folder / f"{name}-targets")

    def environment(self, name: str) -> dict[str, str]:
        """Production's settings, but for the limits: the limiter is on, and nobody reaches it."""
        settings = {"jiema": "jiema.settings"}
        settings |= {other: f"{YARDSTICKS}.{other}.settings" for other in ("typical", "polled")}
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "DJANGO_SETTINGS_MODULE": settings.get(name, f"{YARDSTICKS}.{name}"),
            "DATABASE_URL": f"{self.database_url}/{'typical' if name == 'typical' else 'jiema'}",
            "REDIS_URL": f"{self.redis_url}/{int(name == 'typical')}",
            "SECRET_KEY": "bench",
            "DEBUG": "0",
            "ALLOWED_HOSTS": "127.0.0.1",
            "LOG_LEVEL": "WARNING",
            "SECURE_SSL_REDIRECT": "0",
            **LIMITS,
        }

    def start_servers(self) -> None:
        jiema, typical = self.environment("jiema"), self.environment("typical")
        self.start(self.granian("constant", f"{YARDSTICKS}.constant:application"))
        self.start(self.granian("jiema", "jiema.wsgi:application"))
        self.start(self.server("typical", typical, *_GUNICORN))
        self.start(self.server("fastapi", jiema, *_UVICORN))
        wait_until_up(self.children, limit=60)

    def start(self, server: tuple[Program, int], targets: str | None = None) -> None:
        program, port = server
        self.children.append(Child(program))
        named = targets or ("typical-targets" if program.name == "typical" else "jiema-targets")
        self.contestants[program.name] = Contestant(
            program.name, f"http://127.0.0.1:{port}", self.children[-1].process.pid, self.folder / named
        )

    def granian(self, name: str, application: str) -> tuple[Program, int]:
        """Just as the shop starts it, but for the application and the number of workers."""
        port = process.free_port()
        shop = Shop(ROOT, self.folder, "127.0.0.1", port, sandbox_port=0, env=self.environment(name))
        web = shop.web()
        argv = [application if part == "jiema.wsgi:application" else part for part in web.argv]
        argv[argv.index("--workers") + 1] = str(WORKERS)
        return replace(web, name=name, argv=argv, log=self.folder / f"{name}.log"), port

    def server(self, name: str, env: Mapping[str, str], *command: str) -> tuple[Program, int]:
        port = process.free_port()
        argv = [sys.executable, "-m", *(part.format(port=port) for part in command)]
        log = self.folder / f"{name}.log"
        return Program(name, argv, env, ROOT, log, is_up=lambda _pid: process.is_listening(port)), port


_GUNICORN = (
    *("gunicorn", f"{YARDSTICKS}.typical.wsgi:application", "--workers", str(WORKERS)),
    *("--bind", "127.0.0.1:{port}", "--log-level", "warning"),
)
_UVICORN = (
    *("uvicorn", f"{YARDSTICKS}.fastapi_asyncpg:application", "--workers", str(WORKERS)),
    *("--port", "{port}", "--log-level", "warning", "--no-access-log"),
)


@contextmanager
def stage(orders: int, say: Callable[[str], None]) -> Iterator[Stage]:
    """Raises CannotStart. When it closes, all that it started is stopped and the folder is gone."""
    folder = Path(tempfile.mkdtemp(prefix="jiema-bench-"))
    folder.chmod(0o711)
    made = Stage(folder)
    try:
        made.start_stores()
        say(f"seeding {orders:,} orders in two databases")
        made.fill(orders)
        say("starting the servers")
        made.start_servers()
        yield made
    finally:
        stop_all(made.children)
        shutil.rmtree(folder, ignore_errors=True)
