from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts import services
from accounts.emails import confirm_email
from accounts.errors import EmailTaken


class Command(BaseCommand):
    help = "Open an account with an empty wallet. Its address counts as verified."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--password", required=True)

    def handle(self, *, email: str, password: str, **options: Any) -> None:
        _check(email, password)
        try:
            user = services.create_user(email, password)
        except EmailTaken as refusal:
            raise CommandError(refusal.message) from refusal
        confirm_email(user)
        self.stdout.write(f"Created the account {user.email} ({user.pk}).")


def _check(email: str, password: str) -> None:
    if not password:
        raise CommandError("The password is empty.")
    try:
        validate_email(email.strip())
    except ValidationError as error:
        raise CommandError(f"{email} is not an e-mail address.") from error
