from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import services
from accounts.management.users import user_by
from accounts.models import Scope
from accounts.services import KeyLimits
from jiema.api.errors import DomainError

NAME_LENGTH = 60
MOST_DAYS = 3650


class Command(BaseCommand):
    help = "Make an API key for an account. The last line is the token, which is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="API key")
        parser.add_argument("--scope", choices=Scope.values, default=Scope.TRADE)
        parser.add_argument("--expires", type=int, metavar="DAYS", help="after so many days; without it never")

    def handle(self, *, email: str, name: str, scope: str, expires: int | None, **options: Any) -> None:
        if len(name) > NAME_LENGTH:
            raise CommandError(f"The name may have {NAME_LENGTH} characters at most.")
        if expires is not None and not 1 <= expires <= MOST_DAYS:
            raise CommandError(f"A key expires after 1 to {MOST_DAYS} days.")
        user = user_by(email)
        end = None if expires is None else timezone.now() + timedelta(days=expires)
        try:
            key, token = services.create_api_key(user.pk, name, KeyLimits(Scope(scope), end))
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"Made the API key {key.name} for {user.email}. Its token is kept nowhere:")
        self.stdout.write(token)
