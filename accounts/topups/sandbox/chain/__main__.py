"""Run the chain by itself: `python -m accounts.topups.sandbox.chain --port 8200`."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from accounts.topups.sandbox.chain.host import Chain
from accounts.topups.sandbox.chain.ledger import SystemClock


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C. 0 after a clean stop, 1 where the port cannot be had."""
    given = _parser().parse_args(argv)
    chain = Chain(clock=SystemClock(), host=given.host, port=given.port)
    try:
        chain.start()
    except OSError as problem:
        why = f"The chain cannot listen on {given.host}:{given.port} ({problem.strerror})"
        sys.stderr.write(f"{why}: choose another with --port.\n")
        return 1
    stop = threading.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda *_: stop.set())
    sys.stdout.write(f"Sandbox chain, no real money, at {chain.url}/\n")
    sys.stdout.flush()
    stop.wait()
    chain.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chain", description="A TRON to try the shop against.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, choices=range(65_536), metavar="PORT", default=8200, help="0: any free one")
    return parser


if __name__ == "__main__":
    sys.exit(main())
