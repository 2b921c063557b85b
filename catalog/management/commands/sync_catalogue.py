from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.models import Price, Provider
from catalog.services.syncing import Refused, sync_catalogue


class Command(BaseCommand):
    help = "Read countries, services and prices of every enabled provider now."

    def handle(self, **options: Any) -> None:
        refused = [line for provider in Provider.objects.filter(is_enabled=True) if (line := self._sync(provider))]
        self.stdout.write(f"{Price.objects.count()} prices are in force.")
        if refused:
            raise CommandError(" ".join(refused))

    def _sync(self, provider: Provider) -> str:
        try:
            changed = sync_catalogue(provider)
        except Refused as refusal:
            return f"{provider.name}: {refusal}; the old catalogue stays."
        self.stdout.write(f"{provider.name}: {changed} lines changed.")
        return ""
