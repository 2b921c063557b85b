from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jiema import roles


class Command(BaseCommand):
    help = (
        "Let a database role be the application's own: it works on all tables, and can only add to the ledger. "
        "Run it as the owner of the tables after each migrate; again without harm."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", help="the role that the DATABASE_URL of web, worker and beat names")

    def handle(self, *, role: str, **options: Any) -> None:
        try:
            tables = roles.grant_application(role)
        except roles.NotPossible as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{role} may work on {tables} tables, and only add to the ledger.")
