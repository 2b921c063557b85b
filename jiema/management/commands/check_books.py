import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jiema import books


class Command(BaseCommand):
    help = "Check that the books add up; exit code 1 where they do not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, **options: Any) -> None:
        found = books.breaches()
        if options["json"]:
            report = {"ok": not found, "checks": len(books.CHECKS), "breaches": [asdict(each) for each in found]}
            self.stdout.write(json.dumps(report))
        else:
            for breach in found:
                self.stdout.write(f"{breach.check}: {breach.subject}: {breach.detail}\n    {breach.remedy}")
            self.stdout.write(f"{len(books.CHECKS)} checks, {len(found)} breaches.")
        if found:
            raise SystemExit(1)
