from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services
from accounts.management.users import user_by
from jiema.api.errors import DomainError

NAME_LENGTH = 60


class Command(BaseCommand):
    help = "Make an API key for an account. The last line is the token, which is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="API key")

    def handle(self, *, email: str, name: str, **options: Any) -> None:
        if len(name) > NAME_LENGTH:
            raise CommandError(f"The name may have {NAME_LENGTH} characters at most.")
        user = user_by(email)
        try:
            key, token = services.create_api_key(user.pk, name)
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"Made the API key {key.name} for {user.email}. Its token is kept nowhere:")
        self.stdout.write(token)
