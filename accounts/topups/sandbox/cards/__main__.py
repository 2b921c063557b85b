"""Run the card sandbox: `python -m accounts.topups.sandbox.cards --port 8300 --webhook URL --secret whsec_...`."""

import argparse
import errno
import os
import signal
import sys
import threading
from collections.abc import Sequence

from accounts.topups.sandbox.cards import CardSandbox


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C. 0 after a clean stop, 1 where the address cannot be had."""
    given = _parser().parse_args(argv)
    cards = CardSandbox(
        webhook_url=given.webhook,
        secret=given.secret or os.environ.get("SANDBOX_GATEWAY_SECRET") or "whsec_sandbox",
        host=given.host,
        port=given.port,
        public_url=given.public_url,
    )
    try:
        cards.start()
    except OSError as problem:
        sys.stderr.write(f"{_why_not(problem, given)}: choose another with --port.\n")
        return 1
    stop = _stop_at_signal()
    sys.stdout.write(f"Card sandbox at {cards.public_url}/ , webhooks to {given.webhook or 'nobody'}\n")
    sys.stdout.flush()
    stop.wait()
    cards.stop()
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cards", description="A card processor to try the shop against.")
    option = parser.add_argument
    option("--host", default="127.0.0.1", help="address to listen on")
    option("--port", type=int, choices=range(65_536), metavar="PORT", default=8300, help="0 takes any free one")
    option("--webhook", default="", metavar="URL", help="where events are sent; without it nowhere")
    option("--secret", default="", help="signs the events; by default SANDBOX_GATEWAY_SECRET")
    option("--public-url", default="", metavar="URL", help="where the customer's browser finds the page")
    return parser


if __name__ == "__main__":
    sys.exit(main())
