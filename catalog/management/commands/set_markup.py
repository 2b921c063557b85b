from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.models import Price
from catalog.services.pricing import set_markup


class Command(BaseCommand):
    help = "Set the markup on everything that has no rule of its own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("percent", help="of the cost; 30 sells for 1.30 times what we pay")

    def handle(self, *, percent: str, **options: Any) -> None:
        try:
            rule = set_markup(Decimal(percent))
        except InvalidOperation as error:
            raise CommandError(f"{percent} is not a percentage.") from error
        except ValidationError as error:
            raise CommandError(f"{percent} cannot be the markup: {' '.join(error.messages)}") from error
        added = f" and {rule.fixed_cents} cents" if rule.fixed_cents else ""
        self.stdout.write(f"The markup is {rule.percent} %{added} now; {Price.objects.count()} prices are in force.")
