from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from jiema import backups, books, health


class Command(BaseCommand):
    help = "Load a backup into an empty database, stop all sales, and check the books; exit code 1 on a breach."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            restored = backups.restore(file)
        except backups.BackupError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            f"Restored the backup of {restored.taken} in {restored.seconds:.1f} s: "
            f"{restored.orders} orders, {restored.entries} ledger entries."
        )
        self.stdout.write("Sales are stopped until a person lifts that; docs/runbook.md tells what to look at first.")
        self.stdout.write("Roles' rights are not in it: run manage.py grant_application ROLE if the shop has its own.")
        self._check()

    def _check(self) -> None:
        migrations = health.PROBES["migrations"]()
        if not migrations.ok:
            self.stdout.write(f"Migrations: {migrations.detail}.")
        try:
            found = books.breaches()
        except DatabaseError as error:
            raise CommandError("The books can't be read before manage.py migrate; then run check_books.") from error
        for breach in found:
            self.stdout.write(f"{breach.check}: {breach.subject}: {breach.detail}\n    {breach.remedy}")
        late = sum(breach.check in backups.BY_THE_CLOCK for breach in found)
        if late:
            be = "is" if late == 1 else "are"
            self.stdout.write(f"{late} of these {be} late since the backup: the worker settles that within 5 minutes.")
        self.stdout.write(f"{len(books.CHECKS)} checks, {len(found) - late} breaches.")
        if len(found) > late:
            raise SystemExit(1)
