from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jiema.messages import catalogues, sources
from jiema.messages.extracting import Unreadable


class Command(BaseCommand):
    help = "Bring the files of translations up to date with the code, and compile them."

    def handle(self, **options: Any) -> None:
        for language in sources.languages():
            try:
                files = sources.files_of(language)
            except Unreadable as error:
                raise CommandError(str(error)) from error
            for path, texts in files.items():
                catalogue = catalogues.updated(catalogues.read(path, language), texts, language)
                catalogues.keep(catalogue, path, language)
                open_texts = sum(1 for each in catalogue if each.id and not catalogues.is_done(each))
                name = path.relative_to(settings.BASE_DIR)
                self.stdout.write(f"{name}: {len(texts)} texts, {open_texts} to translate.")
