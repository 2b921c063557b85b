from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.models import Price, Provider
from catalog.services.syncing import Refused, sync_catalogue


class Command(BaseCommand):
    help = "Read countries, services and prices of every enabled provider now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--believe", action="store_true", help="take the reply also where it has shrunk")

    def handle(self, *, believe: bool, **options: Any) -> None:
        providers = list(Provider.objects.filter(is_enabled=True))
        if not providers:
            raise CommandError("There is no enabled provider; add one with set_provider.")
        refused = [line for provider in providers if (line := self._sync(provider, believe))]
        self.stdout.write(f"{Price.objects.count()} prices are in force.")
        if refused:
            raise CommandError(" ".join(refused))

    def _sync(self, provider: Provider, believe: bool) -> str:
        try:
            changed = sync_catalogue(provider, believe=believe)
        except Refused as refusal:
            return f"{provider.name}: {refusal}; the old catalogue stays."
        self.stdout.write(f"{provider.name}: {changed} offers changed.")
        return ""
