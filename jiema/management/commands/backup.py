from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from jiema import backups


class Command(BaseCommand):
    help = "Save the whole database, as it is at one moment, to a new file. The shop goes on selling meanwhile."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            saved = backups.backup(file)
        except backups.BackupError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            f"Wrote {file}: {filesizeformat(file.stat().st_size)} in {saved.seconds:.1f} s, "
            f"{saved.orders} orders, {saved.entries} ledger entries."
        )
