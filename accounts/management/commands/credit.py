import re
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.management.users import user_by
from accounts.wallet import services as wallet
from accounts.wallet.errors import Insufficient
from jiema.api.ids import new_id
from jiema.money import dollars

DOLLARS = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,2})?", re.ASCII)


class Command(BaseCommand):
    help = "Adjust an account's balance by an amount in US dollars; a negative amount takes money."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("amount", help="US dollars, such as 25.00")
        parser.add_argument("--reason", required=True)

    def handle(self, *, email: str, amount: str, reason: str, **options: Any) -> None:
        cents = _cents(amount)
        if not reason.strip() or len(reason) > 200:
            raise CommandError("The reason has to have 1 to 200 characters.")
        user = user_by(email)
        try:
            entry = wallet.adjust(user.pk, cents, f"manual:{new_id()}", reason=reason, actor="command line")
        except Insufficient as refusal:
            raise CommandError("The balance is too low for that; nothing was moved.") from refusal
        self.stdout.write(f"Moved {dollars(cents)} for {user.email}; the balance is {dollars(entry.balance_after)}.")


def _cents(amount: str) -> int:
    if not DOLLARS.fullmatch(amount):
        raise CommandError(f"{amount} is not an amount of US dollars with two decimal places at most.")
    cents = int(Decimal(amount) * 100)
    if not cents:
        raise CommandError("The amount is zero.")
    return cents
