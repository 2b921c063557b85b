from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.models import Price
from catalog.services.pricing import set_markup


class Command(BaseCommand):
    help = "Set the markup on everything that has no rule of its own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("percent", help="of the cost; 30 sells for 1.30 times what we pay")

    def handle(self, *, percent: str, **options: Any) -> None:
        try:
            value = Decimal(percent)
            if not value.is_finite() or abs(value) >= 100_000:
                raise InvalidOperation
            set_markup(value)
        except InvalidOperation as error:
            raise CommandError(f"{percent} is not a percentage.") from error
        except ValueError as error:
            raise CommandError(f"{error}.") from error
        self.stdout.write(f"The markup is {value} % now; {Price.objects.count()} prices are in force.")
