"""The statement as a file: for a spreadsheet, or for the customer's own books."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC
from decimal import Decimal

from accounts.wallet.models import Entry

# The same in every language, so that a program may read it.
HEADER = ["entry", "time_utc", "kind", "amount_usd", "balance_after_usd", "reference", "reason"]
# A spreadsheet takes a text that begins so for a formula.
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Line:
    """What csv writes to: a file that hands the line on."""

    def write(self, text: str) -> str:
        return text


def lines(entries: Iterable[Entry]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(HEADER)
    for entry in entries:
        yield writer.writerow(_cells(entry))


def _cells(entry: Entry) -> list[str]:
    time = entry.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    money = [_dollars(entry.amount_cents), _dollars(entry.balance_after)]
    return [str(entry.pk), time, entry.kind, *money, _harmless(entry.owners_reference), _harmless(entry.reason)]


def _dollars(cents: int) -> str:
    return f"{Decimal(cents).scaleb(-2):.2f}"


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_BEGINS) else text
