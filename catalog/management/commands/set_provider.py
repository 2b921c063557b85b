from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.models import Dialect
from catalog.services.providers import set_provider


class Command(BaseCommand):
    help = "Add a provider, or change one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--dialect", required=True, help=", ".join(Dialect.values))
        parser.add_argument("--base-url", required=True)
        parser.add_argument("--api-key", required=True)
        parser.add_argument("--currency", default="USD", help="of the prices on the wire (ISO 4217)")
        parser.add_argument("--usd-rate", default=None, help="US dollars for one unit of the currency")
        parser.add_argument("--calls-per-second", default="1", help="our call budget; none for no limit")
        parser.add_argument("--disable", action="store_true", help="sell nothing of it")

    def handle(self, **options: Any) -> None:
        fields = {
            "dialect": options["dialect"],
            "base_url": options["base_url"],
            "api_key": options["api_key"],
            "currency": options["currency"].upper(),
            "usd_rate": _rate(options["currency"].upper(), options["usd_rate"]),
            "calls_per_second": _calls(options["calls_per_second"]),
            "is_enabled": not options["disable"],
        }
        try:
            provider, created = set_provider(options["name"], fields)
        except ValidationError as error:
            raise CommandError(_sentences(error)) from error
        verb, state = ("Added" if created else "Changed"), ("on sale" if provider.is_enabled else "disabled")
        self.stdout.write(f"{verb} the provider {provider.name} ({provider.dialect}, {provider.base_url}), {state}.")


def _sentences(error: ValidationError) -> str:
    """Each with the option that it is about."""
    return " ".join(
        f"--{field.replace('_', '-')}: {message}"
        for field, reasons in error.message_dict.items()
        for message in reasons
    )


def _rate(currency: str, rate: str | None) -> Decimal:
    if rate is None and currency != "USD":
        raise CommandError(f"Prices in {currency} need --usd-rate: the US dollars for one {currency}.")
    return _number(rate or "1")


def _calls(text: str) -> Decimal | None:
    return None if text == "none" else _number(text)


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise CommandError(f"{text} is not a number.") from error
    if not number.is_finite() or number <= 0:
        raise CommandError(f"{text} is not a number above zero.")
    return number
