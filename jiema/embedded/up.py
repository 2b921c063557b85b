"""The whole shop on one machine: what is started, in which order, and what is said about it."""

from __future__ import annotations

import json
import secrets
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from jiema.embedded import leftovers, postgres, process, valkey
from jiema.embedded.errors import CannotStart, from_os_error
from jiema.embedded.folder import DataFolder
from jiema.embedded.options import Options
from jiema.embedded.program import Child, wait_until_up
from jiema.embedded.shop import Shop, environment, in_url, is_everywhere, reachable, sandbox_url
from jiema.embedded.supervisor import Supervisor, run_step
from jiema.embedded.unprivileged import home_for, unprivileged_account

# What another terminal's `manage.py` needs to reach the running shop.
PUBLISHED = (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "SITE_URL", "SANDBOX_URL"),
    *("SANDBOX_GATEWAY_URL", "SANDBOX_GATEWAY_SECRET", "TRONGRID_URL", "TRON_XPUB"),
)
# Of the test phrase "abandon ... about", whose private keys everybody knows: good for the sandbox's chain alone.
DEMO_XPUB = (
    "xpub6D1AabNHCupeiLM65ZR9UStMhJ1vCpyV4XbZdyhMZBiJXALQtmn9p42VTQckoHVn8WNqS7dqnJokZHAHcHGoaQgmv8D45oNUKx6DZMNZBCd"
)


def up(root: Path, environ: Mapping[str, str]) -> int:
    """Run the shop of the checkout `root` until a signal ends it. Returns the exit code."""
    _end_by_signal(environ)
    try:
        options = Options.read(environ, root)
        try:
            _run(root, environ, options)
        except OSError as error:
            raise from_os_error(error, options.data) from error
    except CannotStart as error:
        sys.stderr.write(f"jiema: {error}\n")
        return 1
    except KeyboardInterrupt:
        say("stopped.")
    return 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _end_by_signal(environ: Mapping[str, str]) -> None:
    """nohup is heeded; that a shell started us in the background, with SIGINT ignored, is not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    if "MAKELEVEL" in environ:
        process.die_with_our_parent(signal.SIGTERM)


def _run(root: Path, environ: Mapping[str, str], options: Options) -> None:
    began = time.monotonic()
    folder = DataFolder(options.data)
    leftovers.kill_marked(folder.path)
    options.check_address()
    supervisor = Supervisor(say)
    try:
        demo = _start(supervisor, root, folder, environ, options)
        say(banner(demo, options, time.monotonic() - began))
        supervisor.watch()
    finally:
        say("jiema: stopping")
        supervisor.stop()
        folder.close()


def _start(
    supervisor: Supervisor, root: Path, folder: DataFolder, environ: Mapping[str, str], options: Options
) -> dict[str, str]:
    """Bring everything up, side by side where it can be; returns what the demo command printed."""
    ports = Ports(*(process.free_port() for _ in range(3)))
    told = _told(environ, options, ports) | {"SECRET_KEY": folder.secret_key(), "JIEMA_DATA": str(folder.path)}
    servers = _start_servers(supervisor, folder, environ)
    env = {**environment(environ, folder.path, told), **servers}
    folder.publish({name: env[name] for name in PUBLISHED if env.get(name)})
    shop = Shop(root, folder.path, options.host, options.port, ports.sandbox, env, ports.cards, ports.chain)
    return _start_shop(supervisor, shop) | {"sandboxes": _sandboxes(told)}


class Ports(NamedTuple):
    """Of the sandboxes."""

    sandbox: int
    cards: int
    chain: int


def _told(environ: Mapping[str, str], options: Options, ports: Ports) -> dict[str, str]:
    """What the parts of the shop need to find each other, unless the environment says otherwise."""
    site_url = environ.get("SITE_URL") or f"http://{in_url(reachable(options.host))}:{options.port}"
    return {
        "SITE_URL": site_url,
        "ALLOWED_HOSTS": _allowed_hosts(options.host),
        "SANDBOX_URL": f"http://127.0.0.1:{ports.sandbox}",
        "SANDBOX_GATEWAY_URL": sandbox_url(options.host, site_url, ports.cards),
        "SANDBOX_GATEWAY_SECRET": f"whsec_{secrets.token_hex(24)}",
        **_told_of_chain(environ, sandbox_url(options.host, site_url, ports.chain)),
    }


def _told_of_chain(environ: Mapping[str, str], url: str) -> dict[str, str]:
    """Nothing where real money may come: a true chain and the demo's key never meet, nor the other way round."""
    if environ.get("TRON_XPUB") or environ.get("TRONGRID_URL"):
        return {}
    return {"TRONGRID_URL": url, "TRON_XPUB": DEMO_XPUB}


def _sandboxes(told: Mapping[str, str]) -> str:
    """Where their pages are, in words."""
    chain = f", USDT {told['TRONGRID_URL']}/" if "TRONGRID_URL" in told else ""
    return f"cards {told['SANDBOX_GATEWAY_URL']}/{chain}"


def _start_servers(supervisor: Supervisor, folder: DataFolder, environ: Mapping[str, str]) -> dict[str, str]:
    """Those that the environment does not name; returns their addresses."""
    account = unprivileged_account()
    home = home_for(folder.path, account)
    addresses: dict[str, str] = {}
    started: list[Child] = []
    if not environ.get("REDIS_URL"):
        server, addresses["REDIS_URL"] = valkey.program(home, folder.logs, account)
        started.append(supervisor.start(server))
    if not environ.get("DATABASE_URL"):
        say(f"jiema: starting PostgreSQL on {home / 'postgres'}")
        server, addresses["DATABASE_OWNER_URL"] = postgres.program(home, folder.logs, account)
        started.append(supervisor.start(server))
    wait_until_up(started, limit=60)
    if owner_url := addresses.get("DATABASE_OWNER_URL"):
        addresses["DATABASE_URL"] = postgres.application_url(owner_url)
    return addresses


def _start_shop(supervisor: Supervisor, shop: Shop) -> dict[str, str]:
    sandboxes = [supervisor.start(program) for program in (shop.sandbox(), shop.cards(), shop.chain())]
    _prepare_database(shop)
    say("jiema: starting web, worker and beat; loading the demo shop")
    web = supervisor.start(shop.web(), echo=True)
    supervisor.start(shop.worker(), echo=True)
    supervisor.start(shop.beat())
    wait_until_up(sandboxes, limit=60)
    printed = run_step(shop.manage("demo", "--json"))
    wait_until_up([web], limit=60)
    demo: dict[str, str] = json.loads(next(line for line in reversed(printed) if line.startswith("{")))
    return demo


def _prepare_database(shop: Shop) -> None:
    say("jiema: preparing the database")
    run_step(shop.manage_as_owner("migrate", "--no-input"))
    if shop.has_owner():
        run_step(shop.manage_as_owner("grant_application", shop.role()))
    else:
        say("jiema: without DATABASE_OWNER_URL the shop's own role owns the tables, and could switch off their guard")


def _allowed_hosts(host: str) -> str:
    """Listening on every address is asking to be called by any name."""
    return "*" if is_everywhere(host) else f"localhost,127.0.0.1,[::1],{in_url(host)}"


def banner(demo: Mapping[str, str], options: Options, seconds: float) -> str:
    order = '{"service": "tg", "country": 7}'
    return f"""
jiema is ready after {seconds:.1f} s at {demo["url"]}
  demo user  {demo["email"]}  {demo["password"]}
  admin      {demo["url"]}/admin/  {demo["admin_email"]}  {demo["admin_password"]}
  API key    {demo["api_key"]}
  data       {options.data}
  sandboxes  {demo["sandboxes"]}: no real money moves

Buy a number:
  curl -X POST {demo["url"]}/api/v1/orders -H 'Authorization: Bearer {demo["api_key"]}' \\
    -H 'Content-Type: application/json' -d '{order}'

Ctrl-C stops everything.
"""
