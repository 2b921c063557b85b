"""`python -m tests.torture [name…]`: the long form of the tests, in one table. Exit code 1 where a goal is missed."""

import sys
import time
import traceback
from collections.abc import Sequence

from tests.torture import live, suites
from tests.torture.parts import Part, Row, table

PARTS: dict[str, Part] = {
    "hammer": live.hammered,
    "model": suites.MODEL,
    "failpoints": suites.FAILPOINTS,
    "chaos": live.in_chaos,
    "unknown": suites.UNKNOWN,
    "races": suites.RACES,
    "keys": suites.KEYS,
    "top-ups": suites.TOP_UPS,
    "ledger": suites.LEDGER,
    "books": suites.BOOKS,
    "large-books": suites.large_books,
    "looks": suites.LOOKS,
    "credits": suites.CREDITS,
    "teeth": suites.TEETH,
    "hang": live.hung,
}


def main(names: Sequence[str]) -> int:
    if strange := [name for name in names if name not in PARTS]:
        sys.stderr.write(f"No such part: {', '.join(strange)}. There are: {', '.join(PARTS)}.\n")
        return 2
    rows = [row for name in names or PARTS for row in _run(name)]
    sys.stdout.write(f"\n{table(rows)}\n")
    return 0 if all(row.ok for row in rows) else 1


def _run(name: str) -> list[Row]:
    """A part that breaks is a row, too: the others still run."""
    sys.stderr.write(f"torture: {name}\n")
    began = time.monotonic()
    try:
        return PARTS[name]()
    except Exception as error:
        traceback.print_exc()
        return [Row(name, "", "", f"{type(error).__name__}: {error}", time.monotonic() - began, False)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
