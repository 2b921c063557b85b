"""Do the books add up? Each check is one query that finds what breaks a rule about money."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from jiema.books.checks import CHECKS

__all__ = ["CHECKS", "Breach", "breaches"]
MINUTES_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class Breach:
    """check: the rule's name. subject: the wallet, order, provider … that breaks it. detail: by how much.

    remedy: what to do. stops_sales: no number may be sold until a person has looked.
    """

    check: str
    subject: str
    detail: str
    remedy: str
    stops_sales: bool


def breaches(since: datetime | None = None) -> list[Breach]:
    """All breaches at one moment. since: look only at what moved after it, which costs little; None for everything."""
    found = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{MINUTES_AT_MOST}min'")
        for check in CHECKS:
            cursor.execute(check.sql, {"since": since or "-infinity"})
            for subject, detail in cursor.fetchall():
                found.append(Breach(check.rule, subject, detail, check.remedy, check.stops_sales))
    return found
