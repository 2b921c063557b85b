import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jiema import demo
from jiema.api.errors import DomainError


class Command(BaseCommand):
    help = "Load the demo shop, and make a fresh demo key. Runs again without harm."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, **options: Any) -> None:
        try:
            loaded = asdict(demo.load())
        except demo.NotPossible as refusal:
            raise CommandError(str(refusal)) from refusal
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        if options["json"]:
            self.stdout.write(json.dumps(loaded))
        else:
            for name, value in loaded.items():
                self.stdout.write(f"{name:15}{value}")
