from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jiema.messages import catalogues, checks, sources
from jiema.messages.extracting import Unreadable


class Command(BaseCommand):
    help = "Bring the files of translations up to date with the code, and compile them."

    def handle(self, **options: Any) -> None:
        for language in sources.languages():
            try:
                files = sources.updated(language)
            except Unreadable as error:
                raise CommandError(str(error)) from error
            for path, catalogue in files.items():
                catalogues.keep(catalogue, path, language)
                todo = sum(1 for each in catalogue if each.id and not catalogues.is_done(each))
                self.stdout.write(
                    f"{path.relative_to(settings.BASE_DIR)}: {len(catalogue)} texts, {todo} to translate."
                )
                for message in catalogue:
                    if message.id and catalogues.is_done(message):
                        for fault in checks.faults(message, language):
                            self.stdout.write(f"  {checks.told(message, fault)}")
