"""All that we hold about a customer, as one ZIP of JSON files."""

import json
from collections.abc import Callable, Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder

from accounts import exports as accounts
from accounts.referrals import selectors as referrals
from accounts.topups import selectors as topups
from accounts.vouchers import selectors as vouchers
from orders.selectors import all_orders
from orders.webhooks import selectors as webhooks

IN_MEMORY = 1_048_576
Rows = Iterable[dict[str, Any]]
# One file each. Every room says what is its own.
LISTS: dict[str, Callable[[str], Rows]] = {
    "email-addresses": accounts.email_addresses,
    "second-factors": accounts.second_factors,
    "sessions": accounts.sessions,
    "api-keys": accounts.api_keys,
    "statement": accounts.entries,
    "debts": accounts.debts,
    "top-ups": topups.exported,
    "people-invited": referrals.exported_people,
    "referral-earnings": referrals.exported_earnings,
    "vouchers": vouchers.exported,
    "webhooks": webhooks.exported,
}


def export_of(user_id: str) -> IO[bytes]:
    """The ZIP, to be read from its beginning. What is long is read and written in pieces, on disk where it is large."""
    file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - it is the caller's
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("account.json", _json(accounts.profile(user_id)))
        for name, rows in LISTS.items():
            _write(archive, name, map(_json, rows(user_id)))
        _write(archive, "orders", all_orders(user_id))
        for slip, body in topups.slips(user_id):
            archive.writestr(f"slips/{slip}", body)
    file.seek(0)
    return file


def _write(archive: ZipFile, name: str, objects: Iterator[str]) -> None:
    """A list of JSON objects, one a line."""
    with archive.open(f"{name}.json", "w", force_zip64=True) as member:
        member.write(b"[")
        separator = "\n"
        for each in objects:
            member.write(f"{separator}{each}".encode())
            separator = ",\n"
        member.write(b"\n]\n")


def _json(row: dict[str, Any]) -> str:
    return json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)
