"""Run the sandbox by itself: `python -m catalog.upstream.sandbox --port 8100 --profile hero --seed 1`."""

import argparse
import errno
import signal
import sys
import threading
from collections.abc import Sequence

from catalog.upstream.sandbox import Sandbox, SystemClock, VirtualClock
from catalog.upstream.sandbox.wire.profiles import PROFILES


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C. 0 after a clean stop, 1 where the port cannot be had."""
    given = _parser().parse_args(argv)
    sandbox = _sandbox(given)
    try:
        sandbox.start()
    except OSError as problem:
        sys.stderr.write(f"{_why_not(problem, given)}: choose another with --port.\n")
        return 1
    stop = _stop_at_signal()
    sys.stdout.write(f"Sandbox upstream ({given.profile}) at {sandbox.origin}/ , protocol at {sandbox.url}\n")
    sys.stdout.flush()
    stop.wait()
    sandbox.stop()
    return 0


def _why_not(problem: OSError, given: argparse.Namespace) -> str:
    if problem.errno == errno.EADDRINUSE:
        return f"Port {given.port} on {given.host} is taken"
    return f"The sandbox cannot listen on {given.host}:{given.port} ({problem.strerror})"


def _stop_at_signal() -> threading.Event:
    stop = threading.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda *_: stop.set())
    return stop


def _sandbox(given: argparse.Namespace) -> Sandbox:
    return Sandbox(
        profile=given.profile,
        seed=given.seed,
        clock=VirtualClock() if given.clock == "virtual" else SystemClock(),
        prices=given.prices,
        key=None if given.any_key else given.key,
        balance=given.balance,
        median=given.median,
        never=given.never,
        grace=given.grace,
        lifetime=given.lifetime,
        first_id=given.first_id,
        host=given.host,
        port=given.port,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sandbox", description="A provider to try the shop against.")
    option = parser.add_argument
    option("--host", default="127.0.0.1", help="address to listen on")
    option("--port", type=int, choices=range(65_536), metavar="PORT", default=8100, help="0 takes any free one")
    option("--profile", choices=sorted(PROFILES), default="hero", help="the dialect it speaks")
    option("--seed", type=int, default=1, help="of prices, phones, codes and delays")
    option("--prices", type=int, default=20_000, help="pairs on sale; above 50,000 from all that is known")
    option("--clock", choices=("system", "virtual"), default="system", help="virtual stands still until told")
    option("--key", default="sandbox", help="the API key it accepts")
    option("--any-key", action="store_true", help="accept any key that is not empty")
    option("--balance", default="10000", help="dollars")
    option("--median", type=float, default=6.0, help="seconds to an SMS, the median")
    option("--never", type=float, default=0.3, help="share of numbers that get no SMS")
    option("--grace", type=float, default=120.0, help="seconds in which a number cannot be cancelled")
    option("--lifetime", type=float, default=1200.0, help="seconds that a number is open")
    option("--first-id", type=int, default=None, help="id of the first number; by default from the clock")
    return parser


if __name__ == "__main__":
    sys.exit(main())
